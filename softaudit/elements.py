"""Rows element by element: logit, exact value, and what every cell made of it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from softaudit import reference
from softaudit.block import Block
from softaudit.metrics import Extent, Yardstick, compare, condition
from softaudit.model import WHOLE, ElementResult, RowElement, RowKind, RowTable
from softaudit.problem import classify, pose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from softaudit.answers import Answers
    from softaudit.metrics import Judged
    from softaudit.model import CellKey, Enclosure, Function, Logits, Plan, Problem

LONGEST = 40
"""Elements of a row that are shown; of a longer row, those with the largest errors."""


def row_tables(
    logits: Logits, number: int, keys: tuple[CellKey, ...], plan: Plan, answers: Answers
) -> Iterator[RowTable]:
    """Tabulate one row: a table for each function and storage format, in the plan's order.

    Parameters
    ----------
    logits : Logits
    number : int
        Which row, counted through all axes before the last.
    keys : tuple of CellKey
    plan : Plan
    answers : Answers
    """
    x = logits.take(np.array([number]))
    shape = logits.rows_shape
    index = tuple(int(i) for i in np.unravel_index(number, shape)) if shape else ()
    for _, group in groupby(keys, lambda key: (key.function, key.arithmetic.posed)):
        cells = list(group)
        posing = cells[0].arithmetic.posed
        problem = pose(x, posing, plan.temperature)
        block = Block(np.array([number]), problem, WHOLE, None)
        yield _table(block, cells, index, plan.reference, answers)


def _table(
    block: Block, keys: list[CellKey], index: tuple[int, ...], method: str, answers: Answers
) -> RowTable:
    problem, function = block.problem, keys[0].function
    kind = RowKind(classify(problem, function)[0])
    enclosed = reference.enclose(problem.values, problem.temperature, (function,), method)
    enclosure = enclosed[function].enclosure
    judged: dict[str, tuple[NDArray[np.float64], Judged | None]] = {}
    yardstick, found = None, np.nan
    if kind is RowKind.AUDITED:
        yardstick = Yardstick(reference.judge(enclosure, problem, function), problem.format)
        found = float(condition(Extent.of(problem, enclosure, function), function)[0])
    for key in keys:
        output = answers.answer(key, block)
        if yardstick is None:
            judged[key.name] = (output.values[0], None)
        else:
            measured = compare(key, np.array([0]), problem, output, yardstick)
            judged[key.name] = (output.values[0], measured)
    columns = _most_wrong([j for _, j in judged.values() if j is not None], enclosure.high.size)
    elements = tuple(
        RowElement(
            column=None if function == "logsumexp" else j,
            logit=None if function == "logsumexp" else float(problem.logits[0, j]),
            rounded=None if function == "logsumexp" else float(problem.values[0, j]),
            exact=_exact(problem, function, j, enclosure) if kind is RowKind.AUDITED else None,
            results={n: ElementResult(float(v[j]), _error(m, j)) for n, (v, m) in judged.items()},
        )
        for j in columns
    )
    left_out = enclosure.high.size - len(elements)
    return RowTable(
        index,
        function,
        problem.format.name,
        kind,
        elements,
        left_out,
        None if np.isnan(found) else found,
    )


def _most_wrong(judged: list[Judged], size: int) -> list[int]:
    if size <= LONGEST:
        return list(range(size))
    if not judged:
        return list(range(LONGEST))
    errors = np.max([np.nan_to_num(m.error[0], nan=-1.0, posinf=np.inf) for m in judged], axis=0)
    return sorted(np.argsort(-errors, kind="stable")[:LONGEST].tolist())


def _exact(problem: Problem, function: Function, j: int, enclosure: Enclosure) -> str:
    if np.isinf(enclosure.high[0, j]):
        return repr(float(enclosure.high[0, j]))
    row = reference.ShortRow(problem.values[0], problem.temperature)
    x = float(problem.values[0, j])
    return reference.figures(row, x, function, float("nan"), problem.format).exact


def _error(judged: Judged | None, j: int) -> float | None:
    if judged is None or not judged.counted[0, j]:
        return None
    return float(judged.error[0, j])
