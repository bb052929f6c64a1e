"""A report beside a baseline: what is new, worse, fixed and stale."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from softaudit.errors import OptionError
from softaudit.gate.baseline import (
    CORRECT,
    ELEMENTS,
    FIGURES_KEPT,
    ULP,
    by_run,
    check_judged,
    figures_of,
)
from softaudit.report import Requirement, Verdict
from softaudit.reproduce import cell_command, requiring_command
from softaudit.wording import apart, count, exactly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from softaudit.gate.baseline import Baseline, Run
    from softaudit.model import Audit, Cell, CellKey
    from softaudit.report import Bound, Report, Standing


@dataclass(frozen=True, slots=True)
class Tolerance:
    """From where on an error in ulp is worse than the baseline's.

    Attributes
    ----------
    percent : float
        It may grow by so many percent,
    ulp : float
        or by so many ulp, whichever is more.
    elsewhere : float
        Where a processor with other features computed it: to so many times its size, or by `ulp`.
    """

    percent: float = 10.0
    ulp: float = 0.5
    elsewhere: float = 2.0

    def __post_init__(self) -> None:
        """Refuse what would let everything, or nothing, pass."""
        for name, value, least in (
            ("percent", self.percent, 0.0),
            ("ulp", self.ulp, 0.0),
            ("elsewhere", self.elsewhere, 1.0),
        ):
            if not (isfinite(value) and value >= least):
                raise OptionError(f"tolerance {name} {value:g}: must be {least:g} or more")

    def limit(self, known: float, *, elsewhere: bool) -> float:
        """Give the largest error that is not worse than a known one."""
        factor = (
            max(self.elsewhere, 1 + self.percent / 100) if elsewhere else 1 + self.percent / 100
        )
        return max(known * factor, known + self.ulp)


def compared_with(
    report: Report, baseline: Baseline, tolerance: Tolerance
) -> tuple[tuple[Verdict, ...], tuple[str, ...]]:
    """Compare a report with a baseline.

    Returns
    -------
    changes : tuple of Verdict
        new and worse ones first, then stale, then fixed; the order of cells otherwise.
    notes : tuple of str

    Raises
    ------
    InputError
        If two audits have the same name and settings.
    """
    audits = by_run(report)
    same_numpy = baseline.tool["numpy"] == report.tool.get("numpy")
    features = report.environment.get("processor_features")  # None where results do not agree
    elsewhere = features is None or set(baseline.processor_features) != set(features)
    changes: list[Verdict] = []
    for run, audit in audits.items():
        known = baseline.cells.get(run)
        if known is None:
            changes.append(_new_run(run, audit))
            continue
        for cell in audit.cells:
            check_judged(audit, cell)
            if cell.key.name not in known:
                changes.append(_new(run, audit, cell, known))
            else:
                depends = depends_on_processor(cell.key, audit.elementary)
                moved = _Moved(elsewhere and depends, depends and (elsewhere or not same_numpy))
                changes += _changed(run, audit, cell, known[cell.key.name], tolerance, moved)
    changes += _stale(audits, baseline)
    order = ("worse", "new", "stale", "fixed")
    changes.sort(key=lambda change: order.index(change.standing))
    return tuple(changes), tuple(_notes(report, audits, baseline, tolerance, elsewhere=elsewhere))


def depends_on_processor(key: CellKey, elementary: str) -> bool:
    """Whether a cell's figures differ between processors.

    exp and log are correctly rounded in narrow formats, and in all where that is asked for; what
    NumPy's own sum does is another matter.
    """
    wide = key.arithmetic.compute.precision > _NARROW
    return key.arithmetic.order == "numpy" or (wide and elementary != "correct")


_NARROW = 11


def _new_run(run: Run, audit: Audit) -> Verdict:
    cells = count(len(audit.cells), "cell")
    settings = "" if run.settings == "{}" else f" with {run.words}"
    return _whole("new", run, "*", f"{cells} not in the baseline{settings}; {_TAKE_IN}")


def _new(run: Run, audit: Audit, cell: Cell, known: Mapping[str, Mapping[str, float]]) -> Verdict:
    """Say that a cell is new, and beside which one that it may have taken the place of."""
    computed = {other.key.name for other in audit.cells}
    a = cell.key.arithmetic.storage.name
    gone = [
        name
        for name in known
        if name not in computed and re.match(f"{cell.key.function}/{a}[:/]", name)
    ]
    now, text = cell.ulp["max"], "not in the baseline"
    if len(gone) == 1 and now is not None and "ulp.max" in known[gone[0]]:
        shown, was = apart(now, known[gone[0]]["ulp.max"])
        text += f", which has {gone[0]} with ulp.max {was} (here {shown})"
    return _whole("new", run, cell.key.name, f"{text}; {_TAKE_IN}", cell_command(audit, cell.key))


_TAKE_IN = "--write-baseline takes it in"


def _stale(audits: dict[Run, Audit], baseline: Baseline) -> Iterator[Verdict]:
    for run, cells in baseline.cells.items():
        if run not in audits:
            held = f"the baseline has {count(len(cells), 'cell')} of it"
            text = f"the input was not audited, and {held}"
            if now := [other.words for other in audits if other.input == run.input]:
                text = f"{held} with {run.words}, and it was audited with {now[0]}"
            yield _whole("stale", run, "*", f"{text}; {_LEAVE_OUT}")
            continue
        computed = {cell.key.name for cell in audits[run].cells}
        for name in cells:
            if name not in computed:
                yield _whole("stale", run, name, f"in the baseline, and not computed; {_LEAVE_OUT}")


_LEAVE_OUT = "--write-baseline leaves it out"


def _whole(standing: Standing, run: Run, cell: str, text: str, command: str = "") -> Verdict:
    """Give the verdict on a whole cell, or on all of an input."""
    return Verdict(
        standing=standing,
        passed=False,
        level="error",
        input=run.input,
        cell=cell,
        metric=None,
        measured=None,
        limit=None,
        bound="at-most",
        text=run.add_settings(text),
        command=command,
    )


class _Moved(NamedTuple):
    """Whether a cell's errors in ulp, and its very bits, may be others on this machine."""

    errors: bool
    bits: bool


def _changed(
    run: Run,
    audit: Audit,
    cell: Cell,
    known: Mapping[str, float],
    tolerance: Tolerance,
    moved: _Moved,
) -> Iterator[Verdict]:
    """Compare the figures of a cell, one by one."""
    measured = figures_of(cell)
    if ("ulp.max" in measured) != ("ulp.max" in known):
        yield _without_errors(run, audit, cell, was_there="ulp.max" in known)
        return
    for name in FIGURES_KEPT:
        if name == CORRECT and moved.bits:
            continue
        if name == "ulp.mean" and (name not in measured or name not in known):
            continue  # every error is infinite, or was: the percentiles tell
        now, before = measured.get(name, 0), known.get(name, 0)
        fewer = name in (ELEMENTS, CORRECT)
        limit = tolerance.limit(before, elsewhere=moved.errors) if name in ULP else before
        worse = now < before if fewer else now > limit
        better = before > (tolerance.limit(now, elsewhere=moved.errors) if name in ULP else now)
        better = now > before if fewer else better
        if worse or (better and name != ELEMENTS):
            bound: Bound = "at-least" if fewer else "at-most"
            yield Verdict(
                standing="worse" if worse else "fixed",
                passed=not worse,
                level="error",
                input=run.input,
                cell=cell.key.name,
                metric=name,
                measured=now,
                limit=limit,
                bound=bound,
                text=run.add_settings(_sentence(name, now, before, limit, worse=worse)),
                worst=cell.worst[0] if cell.worst else None,
                command=requiring_command(
                    audit, cell.key, Requirement(cell.key.name, name, bound, limit)
                ),
            )


def _without_errors(run: Run, audit: Audit, cell: Cell, *, was_there: bool) -> Verdict:
    """Say that a cell has errors in ulp, and the baseline none; or the other way round."""
    name, command = cell.key.name, cell_command(audit, cell.key)
    if was_there:
        text = f"no result has an error in ulp any more, and the baseline has some; {_TAKE_IN}"
        return _whole("stale", run, name, text, command)
    text = f"ulp.max is {exactly(cell.ulp['max'] or 0.0, 4)}, and the baseline has no errors in ulp"
    return _whole("new", run, name, text, command)


def _sentence(name: str, now: float, before: float, limit: float, *, worse: bool) -> str:
    shown, was = apart(now, before)
    if not worse or limit == before:
        return f"{name} is {shown}, was {was}"
    shown, allowed = apart(now, limit)
    return f"{name} is {shown}, was {exactly(before, 4)}: up to {allowed} is tolerated"


def _notes(
    report: Report,
    audits: Mapping[Run, Audit],
    baseline: Baseline,
    tolerance: Tolerance,
    *,
    elsewhere: bool,
) -> Iterator[str]:
    for run, audit in audits.items():
        if baseline.hashes.get(run, audit.source.sha256) != audit.source.sha256:
            yield f"{run.input}: its bytes are not those that the baseline was made of"
    if not any(
        depends_on_processor(cell.key, audit.elementary)
        for audit in report.audits
        for cell in audit.cells
    ):
        return
    if elsewhere:
        yield (
            f"the processor's features are not those of {baseline.name}: ULP figures that depend "
            f"on them are worse from {tolerance.elsewhere:g} × on; with --elementary correct none "
            f"depends on them"
        )
    numpy = report.tool.get("numpy")
    if baseline.tool["numpy"] != numpy:
        now = f"this is {numpy}" if numpy else "the results with several versions"
        yield f"{baseline.name} was written with numpy {baseline.tool['numpy']}, {now}"
