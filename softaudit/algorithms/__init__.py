"""What is audited: each algorithm a plain function over an arithmetic, beside its formula.

To add one: a function in the file of its function, a line in `ALGORITHMS`, a test case.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from softaudit.algorithms import log_softmax, logsumexp, softmax
from softaudit.algorithms.softmax import BLOCK_SIZE
from softaudit.arithmetic import ONE_PASS_ORDERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from softaudit.arithmetic import Evaluation
    from softaudit.model import CellKey, Output

ALGORITHMS: dict[str, dict[str, Callable[..., NDArray[Any]]]] = {
    "softmax": {
        "naive": softmax.naive,
        "stable": softmax.stable,
        "reciprocal": softmax.reciprocal,
        "division-free": softmax.division_free,
        "online": softmax.online,
        "two-pass": softmax.two_pass,
        "blockwise": softmax.blockwise,
        "blockwise-fma": softmax.blockwise_fma,
    },
    "log_softmax": {
        "naive": log_softmax.naive,
        "log-of-softmax": log_softmax.log_of_softmax,
        "stable": log_softmax.stable,
        "folded-shift": log_softmax.folded_shift,
        "log1p": log_softmax.log1p,
    },
    "logsumexp": {
        "naive": logsumexp.naive,
        "stable": logsumexp.stable,
        "log1p": logsumexp.log1p,
    },
}

ALGORITHM_NAMES = tuple(dict.fromkeys(name for of in ALGORITHMS.values() for name in of))
"""Algorithms by name, of whatever function."""

BLOCKWISE = ("blockwise", "blockwise-fma")
"""Algorithms that take a block size."""

SHIFTED = ("stable", "reciprocal", "online", "blockwise", "blockwise-fma", "log-of-softmax",
           "folded-shift", "log1p")  # fmt: skip
"""Algorithms that subtract the maximum, and take exp of how far below it a logit is."""

ORDERS_OF: dict[str, tuple[str, ...]] = dict.fromkeys(("online", "two-pass"), ONE_PASS_ORDERS)
"""Summation orders of algorithms that do not have all of them."""


def run(key: CellKey, evaluation: Evaluation) -> Output:
    """Run one cell's algorithm on a block of rows.

    Parameters
    ----------
    key : CellKey
        Function, algorithm and block size; its arithmetic is the evaluation's.
    evaluation : Evaluation
        Of logits rounded to the arithmetic's storage format, shape (rows, columns).

    Returns
    -------
    Output
        Values of shape (rows, columns), or (rows, 1) for logsumexp, with the steps passed through.
    """
    algorithm = ALGORITHMS[key.function][key.algorithm]
    if key.algorithm in BLOCKWISE:
        algorithm = partial(algorithm, block_size=key.block_size or BLOCK_SIZE)
    return evaluation.run(algorithm)


__all__ = [
    "ALGORITHMS",
    "ALGORITHM_NAMES",
    "BLOCKWISE",
    "BLOCK_SIZE",
    "ORDERS_OF",
    "SHIFTED",
    "run",
]
