"""What is audited: each algorithm a plain function over an arithmetic, beside its formula.

To add one: a function in the file of its function, a line in `ALGORITHMS`, a test case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softaudit.algorithms import log_softmax, logsumexp, softmax

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from softaudit.arithmetic import Evaluation
    from softaudit.model import CellKey, Output

ALGORITHMS: dict[str, dict[str, Callable[[Evaluation], NDArray[Any]]]] = {
    "softmax": {
        "naive": softmax.naive,
        "stable": softmax.stable,
    },
    "log_softmax": {
        "naive": log_softmax.naive,
        "log-of-softmax": log_softmax.log_of_softmax,
        "stable": log_softmax.stable,
    },
    "logsumexp": {
        "naive": logsumexp.naive,
        "stable": logsumexp.stable,
    },
}

BLOCKWISE = ("blockwise", "blockwise-fma")
"""Algorithms that take a block size."""

BLOCK_SIZE = 64
"""Columns of their blocks, if nothing is asked for."""

ORDERS_OF: dict[str, tuple[str, ...]] = {}
"""Algorithms with sums of their own, and the orders that these can have."""


def run(key: CellKey, evaluation: Evaluation) -> Output:
    """Run one cell's algorithm on a block of rows.

    Parameters
    ----------
    key : CellKey
        Function and algorithm; its arithmetic is the evaluation's.
    evaluation : Evaluation
        Of logits rounded to the arithmetic's storage format, shape (rows, columns).

    Returns
    -------
    Output
        Values of shape (rows, columns), or (rows, 1) for logsumexp, with the steps passed through.
    """
    return evaluation.run(ALGORITHMS[key.function][key.algorithm])
