"""What changed from one report to another, figure by figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from softaudit.figures import RATIO
from softaudit.gate.baseline import by_run
from softaudit.json_v1 import FIGURES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from softaudit.gate.baseline import Run
    from softaudit.model import Audit, Cell
    from softaudit.report import Report


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of one cell that is not what it was.

    Attributes
    ----------
    input, cell, metric : str
    old, new : float or None
        None is not applicable.
    """

    input: str
    cell: str
    metric: str
    old: float | None
    new: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed.

    Attributes
    ----------
    changes : tuple of Change
        In the order of the new report's cells and of the contract's figures.
    added, removed : tuple of (str, str)
        Input and cell that only the new, or only the old report has.
    compared : int
        How many cells both have.
    notes : tuple of str
        What differs beside the figures: versions, processor features, the inputs' bytes.
    """

    changes: tuple[Change, ...]
    added: tuple[tuple[str, str], ...]
    removed: tuple[tuple[str, str], ...]
    compared: int
    notes: tuple[str, ...]


def difference(old: Report, new: Report) -> Difference:
    """Compare two reports.

    Raises
    ------
    InputError
        If one of them has two audits of the same name and settings.
    """
    before, after = _cells(by_run(old)), _cells(by_run(new))
    both = [name for name in after if name in before]
    changes = tuple(change for name in both for change in _changes(name, before[name], after[name]))
    return Difference(
        changes,
        tuple(_named(name) for name in after if name not in before),
        tuple(_named(name) for name in before if name not in after),
        len(both),
        tuple(_notes(old, new)),
    )


def _cells(audits: Mapping[Run, Audit]) -> dict[tuple[Run, str], Cell]:
    return {(run, cell.key.name): cell for run, audit in audits.items() for cell in audit.cells}


def _named(name: tuple[Run, str]) -> tuple[str, str]:
    run, cell = name
    return run.add_settings(run.input), cell


def _changes(name: tuple[Run, str], old: Cell, new: Cell) -> Iterator[Change]:
    for metric, figure in FIGURES.items():
        before, after = figure(old), figure(new)
        if before != after and not metric.startswith(RATIO):  # which changes where figures do
            yield Change(*_named(name), metric, before, after)


def _notes(old: Report, new: Report) -> Iterator[str]:
    for name in sorted({*old.tool, *new.tool}):
        if old.tool.get(name) != new.tool.get(name):
            yield f"{name} was {old.tool.get(name)}, is {new.tool.get(name)}"
    features = [set(report.environment.get("processor_features", ())) for report in (old, new)]
    if features[0] != features[1]:
        yield (
            f"processor features: only the old has {_list(features[0] - features[1])}; "
            f"only the new has {_list(features[1] - features[0])}"
        )
    for which, report in (("old", old), ("new", new)):
        for audit in report.audits:
            if audit.partial is not None:
                yield f"{audit.source.input}: the {which} result is partial: {audit.partial} rows"
    hashes = {run: audit.source.sha256 for run, audit in by_run(old).items()}
    for run, audit in by_run(new).items():
        if hashes.get(run, audit.source.sha256) != audit.source.sha256:
            yield f"{run.input}: its bytes are not the same"


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
