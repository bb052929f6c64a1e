"""The baseline: the figures of an accepted run, from which on nothing may get worse.

A text file with one JSON object to the line, sorted, so that people can read it and version control
can merge it: a head, a line for every input, and one for every cell.  Counts that are 0, figures
that are null and settings at their defaults are left out.  Numbers are not rounded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from softaudit.errors import InputError
from softaudit.json_v1 import FIGURES
from softaudit.json_v1.strict import loads
from softaudit.model import RowKind
from softaudit.sources.opening import printable
from softaudit.tally import OVERFLOW, UNDERFLOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from softaudit.model import Audit, Cell
    from softaudit.report import Report

VERSION = 1
MARK = "softaudit_baseline"

COUNTS = (
    *(f"rows.{kind.name.lower()}" for kind in RowKind if kind is not RowKind.AUDITED),
    *(f"overflow.{name}" for name in OVERFLOW),
    *(f"underflow.{name}" for name in UNDERFLOW),
    "out_of_range",
)
"""Figures that are compared exactly: more is worse."""

ULP = ("ulp.max", "ulp.mean", "ulp.p50", "ulp.p99", "ulp.p999")
"""Figures that are compared with a tolerance: more is worse."""

ELEMENTS = "elements"
"""Compared exactly: fewer is worse, since what is not judged cannot fail."""

SETTINGS: Mapping[str, Any] = {
    "temperature": 1.0,
    "axis": -1,
    "elementary": "numpy",
    "sampled": None,
    "row": None,
}
"""What identifies a run over an input besides its name, and the defaults that are left out."""


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """An input and the settings it was audited with, as JSON of what is not default."""

    input: str
    settings: str

    def add_settings(self, text: str) -> str:
        """Name what is not default behind a sentence."""
        given = json.loads(self.settings)
        named = ", ".join(f"{name} {value}" for name, value in given.items())
        return f"{text} ({named})" if named else text


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a baseline file says.

    Attributes
    ----------
    name : str
        Of the file.
    tool : mapping of str to str
        Versions that wrote it.
    processor_features : tuple of str
        Of the processor that computed it.
    hashes : mapping of Run to str
        SHA-256 of every input.
    cells : mapping of Run to mapping
        Figures by the cell's name, and by the figure's.
    """

    name: str
    tool: Mapping[str, str]
    processor_features: tuple[str, ...]
    hashes: Mapping[Run, str]
    cells: Mapping[Run, Mapping[str, Mapping[str, float]]]


def run_of(audit: Audit) -> Run:
    """Identify an audit."""
    source = audit.source
    values = {
        "temperature": audit.temperature,
        "axis": source.axis if source.axis != len(source.shape) - 1 else -1,
        "elementary": audit.elementary,
        "sampled": audit.sampled,
        "row": None if audit.row is None else list(audit.row),
    }
    given = {key: value for key, value in values.items() if value != SETTINGS[key]}
    return Run(source.input, json.dumps(given))


def figures_of(cell: Cell) -> dict[str, float]:
    """Give the figures that a baseline keeps of a cell: counts other than 0, errors not null."""
    found = {name: FIGURES[name](cell) for name in (ELEMENTS, *COUNTS, *ULP)}
    return {
        name: value
        for name, value in found.items()
        if value is not None and (value or name not in COUNTS)
    }


def by_run(report: Report) -> dict[Run, Audit]:
    """Give the audits of a report by what identifies them.

    Raises
    ------
    InputError
        If two of them have the same name and settings, and could not be told apart.
    """
    found: dict[Run, Audit] = {}
    for audit in report.audits:
        run = run_of(audit)
        if run in found:
            raise InputError(
                f"{run.add_settings(run.input)}: is there twice; a baseline cannot tell them apart"
            )
        found[run] = audit
    return found


def baseline_text(report: Report) -> str:
    """Write a report's figures as a baseline.

    Raises
    ------
    InputError
        If two audits have the same name and settings, or versions or processors are not the same.
    """
    wrote = {**report.tool, **report.environment}
    for key in ("softaudit", "numpy", "processor_features"):
        if key not in wrote:
            raise InputError(f"the results' {key} are not the same; write a baseline for each")
    head = {
        MARK: VERSION,
        "softaudit": wrote["softaudit"],
        "numpy": wrote["numpy"],
        "processor_features": " ".join(wrote["processor_features"]),
    }
    return "".join(_line(line) for line in (head, *_lines(report)))


def _lines(report: Report) -> Iterator[dict[str, Any]]:
    for run, audit in sorted(by_run(report).items(), key=lambda item: item[0]):
        named = {"input": run.input, **json.loads(run.settings)}
        yield {**named, "sha256": audit.source.sha256}
        for cell in sorted(audit.cells, key=lambda cell: cell.key.name):
            yield {**named, "cell": cell.key.name, **figures_of(cell)}


def _line(values: Mapping[str, Any]) -> str:
    plain = {key: "inf" if value == float("inf") else value for key, value in values.items()}
    return json.dumps(plain, ensure_ascii=False, allow_nan=False) + "\n"


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
    if isinstance(version, bool) or version != VERSION:
        reason = "a newer softaudit wrote it; update" if _newer(version) else "is there no such"
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
            if cell in cells.setdefault(run, {}):
                raise InputError(
                    f"{place}: {cell} of {run.add_settings(run.input)} is there twice; drop a line"
                )
            cells[run][cell] = _figures(found, place)
        elif run in hashes:
            raise InputError(f"{place}: {run.add_settings(run.input)} is there twice; drop a line")
        else:
            hashes[run] = _text(found, "sha256", place)
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
        if key not in (ELEMENTS, *COUNTS, *ULP):
            raise InputError(f"{place}: {key!r} is no figure of a baseline")
        number = float("inf") if value == "inf" and key in ULP else value
        kinds = (int, float) if key in ULP else (int,)
        if isinstance(number, bool) or not isinstance(number, kinds) or not _is_size(number):
            shown = "nested" if isinstance(value, dict | list) else printable(repr(value), 40)
            raise InputError(f"{place}: {key} is {shown}: wanted a number that is 0 or more")
        figures[key] = number
    for key in (ELEMENTS, *(_PERCENTILES if figures.keys() & {*ULP} else ())):
        if key not in figures:
            raise InputError(f"{place}: lacks {key!r}; mend it, or write the file anew")
    return figures


def _is_size(number: float) -> bool:
    """Whether it is 0 or more, and no integer that is beyond every count."""
    return number >= 0 and (isinstance(number, float) or number < 2**63)


_PERCENTILES = tuple(name for name in ULP if name != "ulp.mean")
"""Which a cell has all of, or none; the mean is of finite errors, of which there may be none."""
