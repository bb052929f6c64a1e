"""Arrays that are already in memory, as the Python face gets them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from softaudit.errors import InputError
from softaudit.formats import FORMATS
from softaudit.model import Logits
from softaudit.sources.dtypes import as_real

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def from_array(array: ArrayLike, name: str = "array") -> Logits:
    """Take an array as logits, the class axis last.

    Parameters
    ----------
    array : array_like, shape (..., columns)
        Of a format's dtype, or integers.
    name : str
        What to call it in reports.

    Returns
    -------
    Logits

    Raises
    ------
    InputError
        For other dtypes, integers beyond ±2^53, and arrays without an axis or without elements.
    """
    try:
        values = np.asarray(array)
    except ValueError as error:
        raise InputError(f"{name}: rows of different length; give every row as many") from error
    if values.dtype.name not in FORMATS and values.dtype.kind not in "iu":
        raise InputError(f"{name}: dtype {values.dtype} is not real; convert it to float64 first")
    if values.ndim == 0 or values.size == 0:
        raise InputError(f"{name}: shape {values.shape} has no row of logits")
    digest = hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
    real = as_real(values, name).view()
    real.flags.writeable = False
    return Logits(real, name, "", values.dtype.name, values.shape, digest)
