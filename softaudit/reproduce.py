"""The command lines that show a figure again: part of every sentence about it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from shlex import quote
from typing import TYPE_CHECKING

from softaudit.figures import RATIO
from softaudit.keys import AS_READ
from softaudit.plan import DEFAULT_ALGORITHMS, default_keys

if TYPE_CHECKING:
    from softaudit.model import Audit, Cell, CellKey, Logits, Source, Used, Worst
    from softaudit.report import Requirement


def row_command(audit: Audit, cell: Cell, worst: Worst) -> str:
    """Give the command that shows an element's row, in all cells of its kind; "" if none can."""
    key = cell.key
    row = worst.index if key.function == "logsumexp" else worst.index[:-1]
    words = _source_words(audit, key)
    if words and not is_literal(audit.source):
        words.insert(1, f"--row {','.join(map(str, row or (0,)))}")
    if words and {cell.key.name for cell in audit.cells} != _default_names():
        words += _arithmetic_words(key)
    if words and key.algorithm not in DEFAULT_ALGORITHMS:
        words += _algorithm_words(audit, key)
    return " ".join(words)


def cell_command(audit: Audit, key: CellKey) -> str:
    """Give the command that computes one cell over all rows; "" if none can."""
    words = _source_words(audit, key)
    if not words:
        return ""
    words += [f"--sample {audit.sampled}"] if audit.sampled is not None else []
    words += [f"--row {','.join(map(str, audit.row or (0,)))}"] if audit.row is not None else []
    return " ".join((*words, *_arithmetic_words(key), *_algorithm_words(audit, key)))


def requiring_command(audit: Audit, key: CellKey, requirement: Requirement) -> str:
    """Give the command that requires the same of one cell alone; "" if none can."""
    words = [cell_command(audit, key)]
    if requirement.metric.startswith(RATIO) and audit.trusted is not None:
        words = _beside(words[0], audit, key, audit.trusted)
    required = quote(replace(requirement, where=key.name).text)
    return f"{' '.join(words)} --require {required}" if all(words) else ""


def _beside(command: str, audit: Audit, key: CellKey, trusted: str) -> list[str]:
    """Give a command with who is trusted in it; "" among its words where none can."""
    own, used = _used(audit, key), _named(audit, trusted)
    if used is None:
        return [command, f"--against {quote(trusted)}"]
    if not used.is_outputs:
        return [command, used.command.replace("--implementation", "--against", 1)]
    if own is None or min(c.count("--outputs-key") for c in (own.command, used.command)):
        return [""]  # keys are for all outputs of a command
    both = f"{own.command} {used.command}"
    return [command.replace(own.command, both, 1), f"--against {quote(trusted)}"]


@cache
def _default_names() -> frozenset[str]:
    return frozenset(key.name for key in default_keys())


def is_literal(source: Source | Logits) -> bool:
    """Whether a source was written on the command line, as far as its name tells."""
    brackets = source.name.startswith("[") and source.name.endswith(("]", "…"))
    return source.format == "text" and brackets


def _source_words(audit: Audit, key: CellKey) -> list[str]:
    source, used = audit.source, _used(audit, key)
    if not source.command or (used is not None and not used.command):
        return []
    words = [f"softaudit check {source.command}"]
    if used is not None and used.is_outputs:
        words = [f"softaudit compare {source.command} {used.command}"]
    words += [f"--key {quote(source.key)}"] if source.key else []
    words += [f"--axis {source.axis}"] if source.axis != -1 else []
    words += [f"--temperature {audit.temperature!r}"] if audit.temperature != 1.0 else []
    words += [f"--elementary {audit.elementary}"] if audit.elementary != "numpy" else []
    if audit.logits_format not in (None, AS_READ):
        words += [f"--logits-format {audit.logits_format}"]
    return words


def _used(audit: Audit, key: CellKey) -> Used | None:
    """Give who answered in place of an algorithm, if somebody did."""
    return _named(audit, key.algorithm)


def _named(audit: Audit, name: str) -> Used | None:
    return next((used for used in audit.implementations if used.name == name), None)


def _arithmetic_words(key: CellKey) -> list[str]:
    a = key.arithmetic
    words = [f"--function {key.function}", f"--format {a.storage.name}"]
    words += [f"--compute {a.compute.name}"] if a.compute != a.storage else []
    words += [f"--accumulate {a.accumulate.name}"] if a.accumulate != a.compute else []
    words += [f"--order {a.order}"] if a.order != "pairwise" else []
    words += ["--subnormals flush"] if a.flushes else []
    return words + (["--saturate"] if a.saturates else [])


def _algorithm_words(audit: Audit, key: CellKey) -> list[str]:
    used = _used(audit, key)
    if used is not None:
        return [] if used.is_outputs else [used.command]
    block = [f"--block-size {key.block_size}"] if key.block_size else []
    return [f"--algorithm {key.algorithm}", *block]
