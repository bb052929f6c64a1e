"""The audit's cells as plain NumPy computes them, each in its own dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def naive_softmax(x: NDArray[Any]) -> NDArray[Any]:
    """Compute exp(x) / Σ exp(x)."""
    e = np.exp(x)
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def stable_softmax(x: NDArray[Any]) -> NDArray[Any]:
    """Compute exp(x − m) / Σ exp(x − m)."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def naive_log_softmax(x: NDArray[Any]) -> NDArray[Any]:
    """Compute log(naive softmax)."""
    return np.asarray(np.log(naive_softmax(x)))


def log_of_softmax(x: NDArray[Any]) -> NDArray[Any]:
    """Compute log(stable softmax)."""
    return np.asarray(np.log(stable_softmax(x)))


def stable_log_softmax(x: NDArray[Any]) -> NDArray[Any]:
    """Compute (x − m) − log Σ exp(x − m)."""
    shifted = x - x.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


CELLS = {
    ("softmax", "naive"): naive_softmax,
    ("softmax", "stable"): stable_softmax,
    ("log_softmax", "naive"): naive_log_softmax,
    ("log_softmax", "log-of-softmax"): log_of_softmax,
    ("log_softmax", "stable"): stable_log_softmax,
}


def whole(logits: NDArray[np.float32], formats: Iterable[str]) -> None:
    """Compute every cell on all rows at once, as one writes it."""
    with np.errstate(all="ignore"):
        for name in formats:
            x = logits.astype(FORMATS[name].dtype)
            for cell in CELLS.values():
                cell(x)


def in_blocks(logits: NDArray[np.float32], formats: Iterable[str]) -> None:
    """Compute every cell in blocks that fit the cache, which takes some thought."""
    step = max(1, BLOCK // logits.shape[-1])
    for start in range(0, len(logits), step):
        whole(logits[start : start + step], formats)


BLOCK = 1 << 15
"""Elements of a block."""
