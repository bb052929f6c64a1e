"""softaudit conformance: what implementations make of the rows that they disagree on."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from softaudit.cli import completion
from softaudit.cli.options import split, with_groups
from softaudit.cli.output import Written
from softaudit.errors import OptionError, UnjudgedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from softaudit.implementations import Implementation
    from softaudit.studies.conformance import Asked
    from softaudit.studies.conforming import Conformance

FAILED = 1
OWN = ("naive", "stable")
"""Algorithms of ours that are asked where nobody is named."""

Names = list[str] | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The options that say what is asked."""

    functions: Annotated[
        Names,
        typer.Option(
            "--function",
            help="softmax, log_softmax, logsumexp; the first two by default, softmax alone where a "
            "function of your own is named.",
            metavar="NAMES",
            autocompletion=completion.several("function"),
        ),
    ] = None
    formats: Annotated[
        Names,
        typer.Option(
            "--format",
            help="float16, bfloat16, float32, float64 by default; float8_e4m3fn, float8_e5m2.",
            metavar="NAMES",
            autocompletion=completion.several("format"),
        ),
    ] = None
    edge_rows: Annotated[
        Names,
        typer.Option(
            "--edge-row",
            help="Edge rows, such as all-masked, one-infinity, gap-40; all by default.",
            metavar="NAMES",
        ),
    ] = None

    def check(self, words: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Give functions, formats and edge rows by name, in display order.

        Raises
        ------
        OptionError
            For an unknown name.
        """
        from softaudit.algorithms import ALGORITHMS
        from softaudit.formats import FORMATS
        from softaudit.plan import DEFAULT_FORMATS, DEFAULT_FUNCTIONS
        from softaudit.studies.edge_rows import EDGE_ROWS

        # What a function of somebody's own computes, only its owner knows: as compare, softmax.
        functions = ("softmax",) if any(":" in word for word in words) else DEFAULT_FUNCTIONS
        return {
            "functions": _chosen(self.functions, ALGORITHMS, "function") or functions,
            "formats": _chosen(self.formats, FORMATS, "format") or DEFAULT_FORMATS,
            "edge_rows": _chosen(self.edge_rows, EDGE_ROWS, "edge row"),
        }


def _chosen(words: Names, choices: Any, what: str) -> tuple[str, ...]:
    from softaudit.keys import known

    named = {known(name, choices, what) for name in split(words)}
    return tuple(name for name in choices if name in named)


@with_groups
def command(
    *,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="scipy, torch, jax, onnxruntime, package.module:function, path.py:function, or "
            "algorithms such as naive, stable.  By default naive, stable and what is installed.",
            show_default=False,
        ),
    ] = None,
    chosen: Chosen,
    device: Annotated[
        str, typer.Option("--device", help="cpu, cuda, cuda:1, mps; torch alone takes others.")
    ] = "cpu",
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            help="Seconds that an answer may take; 120 by default.",
            metavar="S",
            min=0.1,
            show_default=False,
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 if any answer deviates.")
    ] = False,
    written: Written,
) -> None:
    """Show what implementations make of the rows that they disagree on.

    Masked rows, infinities, NaN, empty rows, subnormal numbers, the format's largest and lowest
    ones, sums that overflow or stall, shifts, huge gaps: with the exact or the usual answer.
    """
    from softaudit.cli.output import Results
    from softaudit.render.conformance import CONFORMANCE_RENDERERS

    named = split(words)
    asked = chosen.check(named)
    who = _named(named, device)
    files = [word.rpartition(":")[0] for word in named]  # which must not be written over
    with Results(written, None, files, renderers=CONFORMANCE_RENDERERS) as results:
        found = _conformance(who, asked, timeout)
        results.write(found)
    _check_answered(found)
    if strict and found.deviations:
        raise typer.Exit(FAILED)


def _named(words: Sequence[str], device: str) -> list[str | Implementation]:
    """Give algorithms by name, and implementations; each once."""
    from softaudit.algorithms import ALGORITHMS
    from softaudit.implementations import IMPLEMENTATIONS, find
    from softaudit.keys import known

    algorithms = dict.fromkeys(name for of in ALGORITHMS.values() for name in of)
    if not words:
        return [*OWN, *_installed(device)]
    for word in words:
        if not (":" in word or word.endswith(".py")):
            known(word, (*IMPLEMENTATIONS, *algorithms), "implementation")
    found = [word if word in algorithms else find(word, device) for word in dict.fromkeys(words)]
    names = [one if isinstance(one, str) else one.name for one in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise OptionError(f"{twice}: two implementations go by this name; name one of them")
    return found


def _installed(device: str) -> list[Implementation]:
    """Give the frameworks that are here; of a device that only some take, those on it alone."""
    from softaudit.implementations import IMPLEMENTATIONS, find

    found: list[Implementation] = []
    for name in IMPLEMENTATIONS:
        try:
            found.append(find(name, device))
        except OptionError:
            continue
    return found


def _conformance(
    who: Sequence[str | Implementation], asked: dict[str, Any], timeout: float | None
) -> Conformance:
    from softaudit.cli.progress.questions import QuestionProgress
    from softaudit.studies.conformance import conformance

    with ExitStack() as running:
        told = QuestionProgress()
        running.callback(told.end)
        return conformance(
            [_started(one, timeout, running) for one in who], **asked, heard=told.heard
        )


def _started(one: str | Implementation, timeout: float | None, running: ExitStack) -> Asked:
    from softaudit.implementations import TIMEOUT, Runner
    from softaudit.studies.respondents import OwnAlgorithm, Running

    if isinstance(one, str):
        return OwnAlgorithm(one)
    return Running(one, running.enter_context(Runner(one, timeout=timeout or TIMEOUT)))


def _check_answered(found: Conformance) -> None:
    """Refuse to call it done where somebody answered nothing at all."""
    for respondent in found.respondents:
        replies = [question.of(respondent.name) for question in found.questions]
        asked = [reply for reply in replies if reply.verdict != "not asked"]
        if asked and all(reply.verdict == "no answer" for reply in asked):
            raise UnjudgedError(f"{respondent.name} answers nothing: {asked[0].reason}")
