"""The one result type that feeds every output: audits, and what the gate says of them."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from softaudit import __version__

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from softaudit.model import Audit, Worst
    from softaudit.summary import CellSummary

Bound = Literal["at-most", "at-least"]
Level = Literal["error", "warning"]
Standing = Literal["required", "new", "worse", "fixed", "stale"]

SIGNS: Mapping[Bound, str] = {"at-most": "<=", "at-least": ">="}


INTERRUPTED = "interrupted"
"""Why sources are skipped that were not begun before somebody had enough."""


@dataclass(frozen=True, slots=True)
class SkippedSource:
    """A source that was not audited, and why."""

    source: str
    reason: str

    @property
    def interrupted(self) -> bool:
        """Whether it was skipped for want of time, and not for what it is."""
        return self.reason == INTERRUPTED


def bound_text(bound: Bound, limit: float) -> str:
    """Give a bound as requirements have it: `<= 40`, all digits, a whole number whole."""
    whole = limit % 1 == 0 and abs(limit) < 1e15
    return f"{SIGNS[bound]} {int(limit) if whole else limit!r}"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a policy.

    Attributes
    ----------
    where : str
        A cell's name, in which * and ? stand for anything.
    metric : str
        Dotted name of a figure in a cell of the JSON contract, such as ulp.max.
    bound : str
        at-most or at-least.
    limit : float
    input : str or None
        The inputs it is about, in which * and ? stand for anything; None for all.
    level : str
        error, or warning: told, and no reason to fail.
    origin : str
        Where it was written.
    """

    where: str
    metric: str
    bound: Bound
    limit: float
    input: str | None = None
    level: Level = "error"
    origin: str = "--require"

    @property
    def text(self) -> str:
        """As `--require` takes it, but for input and level: `softmax/*: ulp.max <= 40`."""
        return f"{self.where}: {self.metric} {bound_text(self.bound, self.limit)}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a requirement, or the baseline, says of one cell.

    Attributes
    ----------
    standing : str
        required, or for the baseline new, worse, fixed or stale.
    passed : bool
    level : str
        What it is when it has not passed: error or warning.
    input, cell : str
        Which cell of which input.
    metric : str or None
        None where the whole cell is new or stale.
    measured : float or None
        None where the whole cell is new or stale.
    limit : float or None
        What was allowed.
    bound : str
    text : str
        One sentence: what was measured, what is allowed, with digits enough to tell them apart.
        With `wording.NO_BREAK` where a line is not to be broken.
    worst : Worst or None
        The cell's worst element.
    command : str
        What reproduces the cell; "" where nothing does.
    """

    standing: Standing
    passed: bool
    level: Level
    input: str
    cell: str
    metric: str | None
    measured: float | None
    limit: float | None
    bound: Bound
    text: str
    worst: Worst | None = None
    command: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of one requirement.

    Attributes
    ----------
    requirement : Requirement
    verdicts : tuple of Verdict
        One for every cell that it is about, at least one.
    passing : float
        The smallest limit (of at-least: the largest) that would pass, not rounded.
    """

    requirement: Requirement
    verdicts: tuple[Verdict, ...]
    passing: float

    @property
    def passed(self) -> bool:
        """Whether it holds in every cell."""
        return all(verdict.passed for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the gate says of a report.

    Attributes
    ----------
    rulings : tuple of Ruling
        In the order of the policy.
    changes : tuple of Verdict
        What differs from the baseline.
    compared : int or None
        How many cells were compared with the baseline; None without one.
    notes : tuple of str
        What else is to be known, such as that the processors differ.
    failures : tuple of Verdict
        Errors, worst first, then warnings, worst first.
    """

    rulings: tuple[Ruling, ...]
    changes: tuple[Verdict, ...]
    compared: int | None
    notes: tuple[str, ...]
    failures: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing but warnings failed."""
        return all(verdict.level == "warning" for verdict in self.failures)


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Audits, with what computed them.

    Attributes
    ----------
    tool : mapping of str to str
        Versions of softaudit and of what the figures depend on.
    environment : mapping
        Machine, and the processor features by which NumPy chooses its exp and log.
    audits : collection of Audit
        A tuple; or, of many files, what reads one after the other each time it is gone through, so
        that they are never in memory all at once.
    skipped : tuple of SkippedSource
    judgement : Judgement or None
        None where nothing was required.
    summary : tuple of CellSummary, or None
        What all inputs say of each cell; None where it was not asked for.
    """

    tool: Mapping[str, str]
    environment: Mapping[str, str | list[str]]
    audits: Collection[Audit]
    skipped: tuple[SkippedSource, ...] = ()
    judgement: Judgement | None = None
    summary: tuple[CellSummary, ...] | None = None


def make_report(
    audits: Collection[Audit],
    skipped: Sequence[SkippedSource] = (),
    summary: tuple[CellSummary, ...] | None = None,
) -> Report:
    """Put audits together with the versions and the processor features of this process."""
    names = ("numpy", "mpmath", "ml_dtypes")
    libraries = {name: str(import_module(name).__version__) for name in names}
    return Report(
        tool={"softaudit": __version__, "python": platform.python_version(), **libraries},
        environment={
            "system": platform.system(),
            "machine": platform.machine(),
            "processor_features": processor_features(),
        },
        audits=audits,
        skipped=tuple(skipped),
        summary=summary,
    )


def merged(reports: Sequence[Report]) -> Report:
    """Put reports together; versions and features on which they do not agree are left out."""
    first = reports[0]
    return Report(
        tool={k: v for k, v in first.tool.items() if all(r.tool.get(k) == v for r in reports)},
        environment={
            k: v
            for k, v in first.environment.items()
            if all(r.environment.get(k) == v for r in reports)
        },
        audits=tuple(audit for report in reports for audit in report.audits),
        skipped=tuple(skipped for report in reports for skipped in report.skipped),
    )


def processor_features() -> list[str]:
    """Give the processor features that NumPy found, sorted; they choose its exp and log."""
    try:
        place = import_module("numpy._core._multiarray_umath")
    except ImportError:  # the place is private, and moved before
        return []
    features: dict[str, bool] = getattr(place, "__cpu_features__", {})
    return sorted(name for name, present in features.items() if present)


__all__ = [
    "INTERRUPTED",
    "SIGNS",
    "Judgement",
    "Report",
    "Requirement",
    "Ruling",
    "SkippedSource",
    "Verdict",
    "bound_text",
    "make_report",
    "merged",
    "processor_features",
]
