"""The baseline: the figures of an accepted run, from which on nothing may get worse.

A text file with one JSON object to the line, sorted, so that people can read it and version control
can merge it: a head, a line for every input, and one for every cell.  Counts that are 0, figures
that are null and settings at their defaults are left out.  Numbers are not rounded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from softaudit.cell_making import OVERFLOW, UNDERFLOW
from softaudit.errors import InputError, UnjudgedError
from softaudit.json_v1 import FIGURES
from softaudit.model import RowKind

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

CORRECT = "correctly_rounded"
"""Compared exactly, where the bits are those of the baseline's machine: fewer is worse."""

FIGURES_KEPT = (ELEMENTS, *COUNTS, CORRECT, *ULP)

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
        named = ", ".join(f"{n} {value}" for n, value in given.items() if n != "elementary")
        return f"{text} ({named})" if named else text

    @property
    def words(self) -> str:
        """Name all settings."""
        given = json.loads(self.settings)
        return ", ".join(f"{n} {value}" for n, value in given.items()) or "default settings"


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
    found = {name: FIGURES[name](cell) for name in FIGURES_KEPT}
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


def check_judged(audit: Audit, cell: Cell) -> None:
    """Refuse a cell of which nothing was judged: whose counts are all 0, and mean nothing.

    Raises
    ------
    UnjudgedError
    """
    if cell.elements == 0:
        kinds = {name: n for name, n in cell.rows.items() if n and name != "audited"}
        why = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in kinds.items())
        raise UnjudgedError(
            f"{audit.source.input}: no row of it could be judged in {cell.key.name}: {why}"
        )


def baseline_text(report: Report) -> str:
    """Write a report's figures as a baseline.

    Raises
    ------
    InputError
        If two audits have the same name and settings, or versions or processors are not the same.
    UnjudgedError
        If nothing of a cell was judged.
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
            check_judged(audit, cell)
            yield {**named, "cell": cell.key.name, **figures_of(cell)}


def _line(values: Mapping[str, Any]) -> str:
    plain = {key: "inf" if value == float("inf") else value for key, value in values.items()}
    return json.dumps(plain, ensure_ascii=False, allow_nan=False) + "\n"
