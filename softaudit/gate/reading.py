"""Reading a baseline: what is not as `baseline_text` writes it is an error, with its line.

A gate must not pass because a file was damaged, or merged badly.
"""

from __future__ import annotations

import json
import re
from math import inf
from typing import TYPE_CHECKING, Any

from softaudit.algorithms import ALGORITHMS
from softaudit.errors import InputError
from softaudit.formats import FORMATS
from softaudit.gate.baseline import (
    CORRECT,
    ELEMENTS,
    FIGURES_KEPT,
    MARK,
    SETTINGS,
    ULP,
    VERSION,
    Baseline,
    Run,
)
from softaudit.json_v1.strict import loads
from softaudit.sources.opening import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

_HASH = re.compile("[0-9a-f]{64}")


def read_baseline(text: str, name: str) -> Baseline:
    """Read a baseline.

    Raises
    ------
    InputError
        If it is not one, was written by a newer softaudit, or was damaged; with the line.
    """
    lines = [(i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise InputError(f"{name}: is empty; --write-baseline writes a baseline")
    head = _object(*lines[0], name)
    if MARK not in head:
        raise InputError(f"{name}: is no baseline; --write-baseline writes one")
    version = head[MARK]
    if not isinstance(version, int) or isinstance(version, bool) or version != VERSION:
        reason = "a newer softaudit wrote it; update" if _newer(version) else "there is no such"
        raise InputError(f"{name}: is of version {version!r}, wanted {VERSION}: {reason}")
    place = f"{name}, line {lines[0][0]}"
    tool = {key: _text(head, key, place) for key in ("softaudit", "numpy")}
    features = tuple(_text(head, "processor_features", place).split())
    hashes: dict[Run, str] = {}
    cells: dict[Run, dict[str, dict[str, float]]] = {}
    for number, line in lines[1:]:
        place, found = f"{name}, line {number}", _object(number, line, name)
        run = _take_run(found, place)
        if "cell" in found:
            cell = _text(found, "cell", place)
            _check_name(cell, place)
            if cell in cells.setdefault(run, {}):
                raise InputError(
                    f"{place}: {cell} of {run.add_settings(run.input)} is there twice; drop a line"
                )
            cells[run][cell] = _figures(found, place)
        elif run in hashes:
            raise InputError(f"{place}: {run.add_settings(run.input)} is there twice; drop a line")
        else:
            hashes[run] = _text(found, "sha256", place)
            if not _HASH.fullmatch(hashes[run]):
                raise InputError(f"{place}: sha256 is no hash; mend it, or write the file anew")
    if missing := sorted(set(cells) ^ set(hashes)):
        raise InputError(
            f"{name}: lacks lines of {missing[0].add_settings(missing[0].input)}; write it anew"
        )
    return Baseline(name, tool, features, hashes, cells)


def _newer(version: Any) -> bool:
    return isinstance(version, int) and version > VERSION


def _object(number: int, line: str, name: str) -> dict[str, Any]:
    merged = line.startswith(("<<<<<<<", "|||||||", "=======", ">>>>>>>"))
    hint = "an unresolved merge" if merged else "not a JSON object"
    try:
        found = loads(line)
    except ValueError as error:
        found, hint = None, hint if merged else f"{hint}: {error}"
    if not isinstance(found, dict):
        raise InputError(f"{name}, line {number}: is {hint}; mend it, or write the file anew")
    return found


def _text(found: Mapping[str, Any], key: str, place: str) -> str:
    if not isinstance(found.get(key), str):
        raise InputError(f"{place}: lacks {key!r}; mend it, or write the file anew")
    return str(found[key])


def _take_run(found: dict[str, Any], place: str) -> Run:
    given = {key: found[key] for key in SETTINGS if key in found}
    return Run(_text(found, "input", place), json.dumps(given))


def _figures(found: dict[str, Any], place: str) -> dict[str, float]:
    figures: dict[str, float] = {}
    for key, value in found.items():
        if key in ("input", "cell", *SETTINGS):
            continue
        if key not in FIGURES_KEPT:
            raise InputError(f"{place}: {key!r} is no figure of a baseline")
        huge = isinstance(value, float) and value == inf  # 1e400, which nobody wrote
        number = inf if value == "inf" and key in ULP else None if huge else value
        kinds = (int, float) if key in ULP else (int,)
        if isinstance(number, bool) or not isinstance(number, kinds) or not _is_size(number):
            shown = "nested" if isinstance(value, dict | list) else printable(repr(value), 40)
            raise InputError(f"{place}: {key} is {shown}: wanted a number that is 0 or more")
        figures[key] = number
    _check_agreement(figures, place)
    return figures


def _check_agreement(figures: Mapping[str, float], place: str) -> None:
    """Refuse figures that no run could have: one is missing, or more are correct than there are."""
    lacking = [key for key in (ELEMENTS, CORRECT) if key not in figures]
    if figures.keys() & {*ULP}:
        lacking += [key for key in _PERCENTILES if key not in figures]
        if not lacking and "ulp.mean" not in figures and figures["ulp.p50"] < inf:
            lacking = ["ulp.mean"]
    if lacking:
        raise InputError(f"{place}: lacks {lacking[0]!r}; mend it, or write the file anew")
    if figures[ELEMENTS] == 0 or figures[CORRECT] > figures[ELEMENTS]:
        raise InputError(f"{place}: {ELEMENTS} is {figures[ELEMENTS]}, which does not fit the rest")


def _is_size(number: float) -> bool:
    """Whether it is 0 or more, and no integer that is beyond every count."""
    return number >= 0 and (isinstance(number, float) or number < 2**63)


def _check_name(cell: str, place: str) -> None:
    function, _, rest = cell.partition("/")
    arithmetic, _, algorithm = rest.partition("/")
    storage = arithmetic.partition("+")[0].partition(":")[0]
    if function not in ALGORITHMS or storage not in FORMATS or not algorithm:
        raise InputError(f"{place}: {printable(cell, 60)!r} is no cell")


_PERCENTILES = ("ulp.p50", "ulp.p99", "ulp.p999", "ulp.max")
"""Which a cell has all of, or none; the mean is of finite errors, of which there may be none."""
