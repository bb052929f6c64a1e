"""Requirements, and what a report says to them."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from math import inf
from typing import TYPE_CHECKING

from softaudit.against import is_trusted
from softaudit.errors import OptionError, UnjudgedError
from softaudit.figures import RATIO
from softaudit.gate.baseline import check_judged
from softaudit.gate.comparison import Tolerance, compared_with
from softaudit.gate.matching import matches
from softaudit.json_v1 import FIGURES
from softaudit.report import Judgement, Ruling, Verdict
from softaudit.reproduce import requiring_command
from softaudit.wording import NO_BREAK, apart, count, exactly, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from softaudit.gate.baseline import Baseline
    from softaudit.model import Audit, Cell, Worst
    from softaudit.report import Bound, Report, Requirement


def judge(
    report: Report,
    requirements: Sequence[Requirement],
    baseline: Baseline | None = None,
    tolerance: Tolerance | None = None,
) -> Report:
    """Judge a report.

    Parameters
    ----------
    report : Report
    requirements : sequence of Requirement
    baseline : Baseline, optional
        Beside which the requirements stay in force.
    tolerance : Tolerance, optional
        From where on a figure is worse than the baseline's.

    Returns
    -------
    Report
        With its judgement.

    Raises
    ------
    UnjudgedError
        If the report has sources or rows left out or values undecided.
    OptionError
        If a requirement matches no cell, or a figure of one is null.
    """
    check_complete(report)
    rulings = tuple(_ruling(report, requirement) for requirement in requirements)
    changes: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
    compared = None
    if baseline is not None:
        changes, notes = compared_with(report, baseline, tolerance or Tolerance())
        compared = sum(len(audit.cells) for audit in report.audits)
    verdicts = [v for ruling in rulings for v in ruling.verdicts] + list(changes)
    failed = [v for v in verdicts if not v.passed]
    failures = tuple(sorted(failed, key=_order))
    return replace(report, judgement=Judgement(rulings, changes, compared, notes, failures))


def check_complete(report: Report) -> None:
    """Refuse a report of which something is left out or open.

    Raises
    ------
    UnjudgedError
    """
    for skipped in report.skipped:
        raise UnjudgedError(f"{skipped.source}: was skipped: {skipped.reason}")
    if not report.audits:
        raise UnjudgedError("there is nothing to judge: no input was audited")
    for audit in report.audits:
        name = audit.source.input
        if audit.partial is not None:
            raise UnjudgedError(f"{name}: is partial: only {audit.partial} rows were audited")
        if audit.reference.undecided:
            raise UnjudgedError(
                f"{name}: {audit.reference.undecided} exact values are undecided, so that no "
                f"figure is proven; leave these rows out, or take another --reference"
            )


def _ruling(report: Report, requirement: Requirement) -> Ruling:
    verdicts = tuple(_verdicts(report, requirement))
    if not verdicts:
        raise OptionError(f"{requirement.origin}: {_nothing_matches(report, requirement)}")
    measured = [v.measured for v in verdicts if v.measured is not None]
    return Ruling(requirement, verdicts, passing(measured, requirement.bound))


def _verdicts(report: Report, requirement: Requirement) -> Iterator[Verdict]:
    for audit in _audits_of(report, requirement):
        for skipped in audit.skipped:
            if matches(skipped.cell, requirement.where):
                raise OptionError(
                    f"{requirement.origin}: {skipped.cell} of {audit.source.input} was skipped: "
                    f"{skipped.reason}"
                )
        for cell in audit.cells:
            if _is_about(requirement, audit, cell):
                yield _verdict(audit, cell, requirement)


def _is_about(requirement: Requirement, audit: Audit, cell: Cell) -> bool:
    """Whether a requirement is about a cell; one on ratios is not about the trusted cells."""
    is_measure = requirement.metric.startswith(RATIO) and is_trusted(audit, cell)
    return matches(cell.key.name, requirement.where) and not is_measure


def _audits_of(report: Report, requirement: Requirement) -> Iterator[Audit]:
    pattern = requirement.input
    yield from (a for a in report.audits if pattern is None or matches(a.source.input, pattern))


def _nothing_matches(report: Report, requirement: Requirement) -> str:
    cells = dict.fromkeys(c.key.name for a in _audits_of(report, requirement) for c in a.cells)
    if not cells:
        names = list(dict.fromkeys(audit.source.input for audit in report.audits))
        return f"input {requirement.input!r} matches no input: {_nearest(requirement.input, names)}"
    if any(matches(name, requirement.where) for name in cells):
        return f"{requirement.where!r} matches only the cells that the others stand against"
    return f"{requirement.where!r} matches no cell: {_nearest(requirement.where, list(cells))}"


def _nearest(wanted: str | None, names: list[str]) -> str:
    near = get_close_matches(wanted or "", names, n=1)
    if near:
        return f"did you mean {near[0]}?"
    some = ", ".join(names[:4])
    return f"there are {some}{'' if len(names) <= 4 else f' and {len(names) - 4} more'}"


def _verdict(audit: Audit, cell: Cell, requirement: Requirement) -> Verdict:
    if not requirement.metric.startswith("rows."):
        check_judged(audit, cell)
    measured = FIGURES[requirement.metric](cell)
    if measured is None:
        raise OptionError(
            f"{requirement.origin}: {requirement.metric} of {cell.key.name} in "
            f"{audit.source.input} is null: {_why_null(audit, cell, requirement.metric)}"
        )
    passed = holds(measured, requirement.bound, requirement.limit)
    shown, limit = apart(measured, requirement.limit)
    wanted = f"at most {limit} is allowed"
    if requirement.bound == "at-least":
        wanted = f"at least {limit} is required"
    text = f"{requirement.metric} is {shown}{_times(audit, cell, requirement.metric)}, {wanted}"
    event = cell.events.get(requirement.metric)
    text += f"; {count(event.rows, 'row')}, first {place(event.first)}" if event else ""
    return Verdict(
        standing="required",
        passed=passed,
        level=requirement.level,
        input=audit.source.input,
        cell=cell.key.name,
        metric=requirement.metric,
        measured=measured,
        limit=requirement.limit,
        bound=requirement.bound,
        text=text.replace(" ", NO_BREAK, 2),
        worst=_worst_for(cell, requirement.metric),
        command=requiring_command(audit, cell.key, requirement),
    )


def _worst_for(cell: Cell, metric: str) -> Worst | None:
    """Give the worst element; of a cause, where that is what a metric counts."""
    group, _, rest = metric.partition(".")
    cause = rest.removesuffix(".count") if group in ("causes", "breaks") else None
    return next((worst for worst in cell.worst if cause in (None, worst.cause)), None)


def _times(audit: Audit, cell: Cell, metric: str) -> str:
    """Say of a ratio what it is that many times of: ` times softmax/float32/torch's 32 ULP`."""
    trusted = next((other for other in audit.cells if other.key.name == cell.against), None)
    if trusted is None or not metric.startswith(RATIO):
        return ""
    figure = metric.removeprefix(RATIO)
    unit = " ULP" if figure.startswith("ulp.") else ""
    return f" times {cell.against}'s {exactly(FIGURES[figure](trusted) or 0.0, 4)}{unit}"


def _why_null(audit: Audit, cell: Cell, metric: str) -> str:
    if metric.startswith(RATIO) and cell.ratio is None:
        if audit.trusted is None:
            return "no cell stands against another: name what is trusted with --against"
        return f"{audit.trusted} has nothing that it could stand against; narrow down where"
    return f"it does not apply to {cell.key.function} {cell.key.algorithm}; narrow down where"


def holds(measured: float, bound: Bound, limit: float) -> bool:
    """Whether a figure is within a limit; NaN is not."""
    return measured <= limit if bound == "at-most" else measured >= limit


def passing(measured: Iterable[float], bound: Bound) -> float:
    """Give the smallest limit that figures pass, not rounded; of at-least the largest."""
    return max(measured) if bound == "at-most" else min(measured)


def _order(verdict: Verdict) -> tuple[bool, float, float]:
    """Order failures: errors first, then by how many times the limit was exceeded."""
    measured, limit = verdict.measured, verdict.limit
    if measured is None or limit is None:
        return verdict.level != "error", -inf, -inf
    far, near = (measured, limit) if verdict.bound == "at-most" else (limit, measured)
    return verdict.level != "error", -inf if near <= 0 else -far / near, -far
