"""What an implementation returned, as an array of numbers, still with the bits that it has.

Nothing is computed with, since whoever returned it may have changed the processor's state.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.implementations.messages import DTYPES
from softaudit.implementations.model import Refused

if TYPE_CHECKING:
    from numpy.typing import NDArray


def returned(result: Any, function: str, shape: tuple[int, int]) -> NDArray[Any]:
    """Take what was returned for the answer to a question about an array of some shape.

    Raises
    ------
    Refused
        If it has no numbers, or not as many as the answer has.
    """
    if result is None:
        raise Refused(f"returns None, and no array; a function returns {_wanted(function, shape)}")
    y = _array(result)
    if y.dtype.name not in DTYPES:
        raise Refused(f"returns {_kind(result, y)}, and {function} is real numbers")
    one_each = (shape[0],)
    shapes = (one_each, (shape[0], 1)) if function == "logsumexp" else (shape,)
    if y.shape not in shapes:
        raise Refused(f"returns shape {y.shape}, and {function} of {shape} has {shapes[0]}")
    return y.astype(y.dtype.newbyteorder("="), copy=False)


def _wanted(function: str, shape: tuple[int, int]) -> str:
    return f"shape {(shape[0],) if function == 'logsumexp' else shape}"


def _array(result: Any) -> NDArray[Any]:
    torch: Any = sys.modules.get("torch")
    if hasattr(torch, "_C") and isinstance(result, torch.Tensor):  # and no torch.py of the user's
        from softaudit.implementations.torch import as_array

        return as_array(result)
    try:
        return np.asarray(result)
    except ValueError as error:
        if isinstance(result, list | tuple):
            raise Refused("returns rows of different length") from error
        raise


def is_masked(result: Any) -> bool:
    """Whether any of it is under a mask, which arrays of numbers alone do not have."""
    masked = sys.modules.get("numpy.ma")  # which NumPy imports when it is first wanted
    return masked is not None and bool(masked.is_masked(result))


def _kind(result: Any, y: NDArray[Any]) -> str:
    """Say what it is that has no real numbers."""
    if y.dtype.kind in "UST":
        return "text"
    if y.dtype.kind == "O":
        kind = type(result).__name__
        return f"an object of type {kind}" if y.ndim == 0 else f"Python objects ({kind})"
    return str(y.dtype)
