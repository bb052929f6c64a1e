"""Arrays that are already in memory, as the Python face gets them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.errors import InputError
from softaudit.formats import FORMATS
from softaudit.model import Logits
from softaudit.sources.dtypes import as_real

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def from_array(array: ArrayLike, name: str = "array", axis: int = -1) -> Logits:
    """Take an array as logits.

    Parameters
    ----------
    array : array_like, shape (..., columns)
        Of a format's dtype, or integers.
    name : str
        What to call it in reports.
    axis : int
        The class axis, which is moved to the end.

    Returns
    -------
    Logits

    Raises
    ------
    InputError
        For other dtypes, integers beyond ±2^53, and arrays without an axis or without elements.
    """
    values = as_array(array, name)
    if values.dtype.name not in FORMATS and values.dtype.kind not in "iu":
        raise InputError(f"{name}: dtype {values.dtype} is not real; convert it to float64 first")
    if values.ndim == 0 or values.size == 0:
        raise InputError(f"{name}: shape {values.shape} has no row")
    if not -values.ndim <= axis < values.ndim:
        least, most = -values.ndim, values.ndim - 1
        raise InputError(f"{name}: axis {axis} is not there; choose axis from {least} to {most}")
    digest = hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
    real = np.moveaxis(as_real(values, name), axis, -1)
    real.flags.writeable = False
    return Logits(real, name, "", values.dtype.name, values.shape, digest, axis=axis)


def as_array(given: ArrayLike, name: str) -> NDArray[Any]:
    """Take what NumPy takes for an array.

    Raises
    ------
    InputError
        If NumPy refuses; of tensors that do so, with what to give instead.
    """
    try:
        return np.asarray(given)
    except ValueError as error:
        raise InputError(f"{name}: rows of different length; give every row as many") from error
    except (TypeError, RuntimeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise InputError(
            f"{name}: NumPy cannot take this {type(given).__name__} ({reason}); of a tensor give "
            "tensor.detach().cpu().float().numpy(), and name the format that it had"
        ) from error
