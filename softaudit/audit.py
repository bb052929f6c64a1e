"""The heart: audit(logits, plan) -> Audit, block by block.

Blocks are rows that fit the cache.  Everything in a block is judged at once: the problem is posed
and enclosed once per storage format, and every algorithm that answers it is compared with that.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from softaudit import reference
from softaudit.answers import Answers
from softaudit.cell_making import make_cell
from softaudit.elements import row_tables
from softaudit.errors import InputError, OptionError, UnansweredError
from softaudit.long_view import WINDOW, AskedRows
from softaudit.model import Audit, CellKey, ReferenceUse, SkippedCell
from softaudit.problem import round_temperature
from softaudit.work import Abandoned, Work, let_memory_be_kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from softaudit.model import Logits, Plan

BLOCK = 3 << 16
"""Elements of a block, about."""

LONGEST_ROW = 1 << 28
"""Columns up to which the error analysis of a row's sum holds."""


def _unheard(_: float) -> bool:
    return False


def audit(
    logits: Logits,
    plan: Plan,
    *,
    block: int = BLOCK,
    jobs: int = 1,
    heard: Callable[[float], bool] = _unheard,
    answers: Answers | None = None,
) -> Audit:
    """Compute every cell of a plan on logits, and compare every result with the exact value.

    Parameters
    ----------
    logits : Logits
    plan : Plan
    block : int
        Elements to take at once; no figure depends on it.
    jobs : int
        How many processes share the rows; no figure depends on it.  Work of a second or two is not
        shared.
    heard : callable
        Told after every block how many rows are done; of a long row, also what part of it.  Once it
        answers True no other block is begun, a long row is abandoned, and what is done is returned,
        marked partial.
    answers : Answers, optional
        Who answers in place of algorithms of ours.

    Returns
    -------
    Audit
        Cells in the plan's order.

    Raises
    ------
    InputError
        If rows are longer than `LONGEST_ROW`.
    OptionError
        If the temperature leaves no cell to compute.
    UnansweredError
        If nobody answered in any cell.
    PlatformError
        If the processor's state breaks IEEE arithmetic.
    """
    reference.check_processor()
    if logits.columns > LONGEST_ROW:
        raise InputError(
            f"{logits.name}: rows of {logits.columns} logits, over {LONGEST_ROW}; "
            f"name another class axis with --axis"
        )
    keys, skipped = _askable(plan)
    answers = answers or Answers()
    numbers = chosen_rows(logits, plan)
    step = max(1, block // logits.columns)
    cost = work_of(numbers.size * logits.columns, len(keys))
    jobs = min(jobs, -(-numbers.size // step))
    answers.begin(int(numbers[0]))
    if jobs > 1 and cost >= WORTH_SHARING:
        from softaudit.jobs import share  # whose imports take a while

        work, done = share(logits, plan, keys, numbers, step, jobs, heard, answers)
    else:
        work, done = alone(Work(logits, plan, keys, answers), numbers, step, heard)
    keys, unanswered = _answered(keys, work)
    shown = numbers[:done] if plan.elements and logits.columns <= WINDOW else numbers[:0]
    tables = tuple(t for n in shown for t in row_tables(logits, int(n), keys, plan, answers))
    asked = AskedRows(logits, plan.temperature, plan.reference)
    cells = tuple(make_cell(asked, key, work.tallies[key], work.shared_of(key)) for key in keys)
    radius = max((cell.ulp_radius for cell in cells), default=0.0)
    return Audit(
        logits.source,
        plan.temperature,
        len(numbers) if plan.sample is not None and len(numbers) < logits.rows else None,
        ReferenceUse(plan.reference, dict(work.tiers), radius),
        cells,
        (*skipped, *unanswered),
        work.range,
        work.widest,
        plan.row,
        partial=done if done < len(numbers) or work.interrupted else None,
        tables=tables,
        shown_worst=plan.worst,
        elementary=plan.elementary,
        logits_format=plan.logits_format,
        implementations=answers.used(),
    )


WORTH_SHARING = 100_000_000
"""Work from which processes save more than their start takes."""

_EXACT = 5
"""How many cells take as long, about, as the exact values that all of them share."""


def work_of(logits: float, cells: int) -> float:
    """Estimate the work of an audit, in logits times cells."""
    return logits * (cells + _EXACT)


def _within(heard: Callable[[float], bool], done: int, part: float) -> bool:
    return heard(done + part)


def alone(
    work: Work,
    numbers: NDArray[np.int64],
    step: int,
    heard: Callable[[float], bool],
) -> tuple[Work, int]:
    """Audit all rows in this process; give the work, and how many rows are done."""
    let_memory_be_kept()
    done = 0
    while done < len(numbers):
        try:
            work.add(numbers[done : done + step], partial(_within, heard, done))
        except Abandoned:
            break
        done = min(done + step, len(numbers))
        if heard(done):
            break
    return work, done


def chosen_rows(logits: Logits, plan: Plan) -> NDArray[np.int64]:
    """Give the numbers of the rows that a plan asks for, in order."""
    if plan.row is not None:
        number = np.ravel_multi_index(plan.row, logits.rows_shape) if logits.rows_shape else 0
        return np.array([number], dtype=np.int64)
    if plan.sample is not None and plan.sample < logits.rows:
        return np.arange(plan.sample, dtype=np.int64) * logits.rows // plan.sample
    return np.arange(logits.rows, dtype=np.int64)


def _answered(
    keys: tuple[CellKey, ...], work: Work
) -> tuple[tuple[CellKey, ...], tuple[SkippedCell, ...]]:
    """Give the cells that have figures, and the reasons why others have none."""
    skipped = [SkippedCell(key.name, reason) for key, (_, reason) in work.unanswered.items()]
    answered = tuple(key for key in keys if key not in work.unanswered)
    if not answered:
        reasons = "; ".join(dict.fromkeys(s.reason for s in skipped))
        raise UnansweredError(f"{work.logits.name}: no cell has an answer: {reasons}")
    return answered, tuple(skipped)


def _askable(plan: Plan) -> tuple[tuple[CellKey, ...], tuple[SkippedCell, ...]]:
    keys, skipped = [], list(plan.skipped)
    for key in plan.keys:
        form = key.arithmetic.posed.temperature
        rounded = round_temperature(plan.temperature, form)
        if rounded > 0 and np.isfinite(rounded):
            keys.append(key)
        else:
            reason = f"temperature {plan.temperature:g} becomes {rounded:g} in {form.name}"
            skipped.append(SkippedCell(key.name, reason))
    if not keys:
        raise OptionError(f"no cell is left to compute: {skipped[0].reason}")
    return tuple(keys), tuple(skipped)
