"""The rows behind the worst elements: a small file that shows again what a large one showed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.errors import OptionError
from softaudit.render.facts import worst_elements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from softaudit.model import Audit, Cell, Logits, Worst
    from softaudit.report import Report


def check_savable(sources: Sequence[Logits]) -> None:
    """Refuse logits whose rows have no common array.

    Raises
    ------
    OptionError
        If rows are of different lengths.
    """
    lengths = sorted({source.columns for source in sources})
    if len(lengths) > 1:
        raise OptionError(
            f"--save-worst: rows are of {' and '.join(map(str, lengths[:3]))} logits, which one "
            f"array does not hold; give inputs with rows of one length"
        )


def worst_rows(report: Report, sources: Sequence[Logits]) -> NDArray[Any]:
    """Take the rows of the worst elements, of each cause one, and of every cell that failed.

    Parameters
    ----------
    report : Report
        Of these sources, in their order.
    sources : sequence of Logits
        With rows of one length.

    Returns
    -------
    ndarray, shape (rows, columns)
        As read, each row once, the one with the worst element first; float64 where the inputs
        have several formats.
    """
    dtypes = {source.values.dtype for source in sources}
    taken: dict[tuple[int, int], NDArray[Any]] = {}
    for audit, source in zip(report.audits, sources, strict=True):
        shape = source.rows_shape
        for cell, worst in _wanted(report, audit):
            index = worst.index if cell.key.function == "logsumexp" else worst.index[: len(shape)]
            number = int(np.ravel_multi_index(index, shape)) if shape else 0
            row = source.values[index] if shape else source.values
            taken.setdefault((id(source), number), row if len(dtypes) == 1 else row.astype(float))
    rows = list(taken.values())
    width = sources[0].columns
    return np.stack(rows) if rows else np.empty((0, width), dtype=sources[0].values.dtype)


def _wanted(report: Report, audit: Audit) -> Iterator[tuple[Cell, Worst]]:
    yield from worst_elements(audit)
    failed = report.judgement.failures if report.judgement else ()
    names = {verdict.cell for verdict in failed}
    yield from ((c, c.worst[0]) for c in audit.cells if c.key.name in names and c.worst)
