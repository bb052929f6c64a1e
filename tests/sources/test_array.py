"""Arrays in memory: the same rules as for files."""

from __future__ import annotations

import hashlib

import ml_dtypes
import numpy as np
import pytest

from softaudit.errors import InputError
from softaudit.sources.array import from_array


@pytest.mark.parametrize(
    "dtype",
    [
        np.float16,
        np.float32,
        np.float64,
        ml_dtypes.bfloat16,
        ml_dtypes.float8_e4m3fn,
        ml_dtypes.float8_e5m2,
        ">f4",
    ],
)
def test_formats_are_viewed_and_the_caller_s_array_stays_writable(dtype):
    array = np.array([[1.5, -2.0, 0.0]], dtype)
    logits = from_array(array)
    assert np.shares_memory(logits.values, array)
    assert logits.format == np.dtype(dtype).name
    assert (logits.name, logits.shape, logits.key) == ("array", (1, 3), None)
    assert logits.take(np.array([0])).tolist() == [[1.5, -2.0, 0.0]]
    assert array.flags.writeable
    assert not logits.values.flags.writeable


def test_integers_become_float64():
    logits = from_array(np.array([1, 2], np.int32))
    assert (logits.format, logits.values.dtype) == ("int32", np.float64)


def test_the_hash_is_of_elements_in_c_order():
    array = np.array([[1.0, 2.0], [3.0, 4.0]])
    expected = hashlib.sha256(np.array([1.0, 2.0, 3.0, 4.0]).tobytes()).hexdigest()
    assert from_array(array).sha256 == from_array(np.asfortranarray(array)).sha256 == expected


@pytest.mark.parametrize(
    "array",
    [
        np.array([True]),
        np.array([1j]),
        np.array([None]),
        np.array(["1"]),
        np.array(["2020-01-01"], "M8[D]"),
        np.zeros(2, "V2"),
        np.zeros(2, [("a", "f4")]),
        np.zeros(2, np.longdouble),
        np.array([2**53 + 1]),
        np.zeros(0),
        np.float64(1.0).reshape(()),
        np.zeros(2, ml_dtypes.float8_e4m3b11fnuz),
        np.zeros(2, ml_dtypes.int4),
    ],
    ids=lambda array: str(array.dtype),
)
def test_refusals(array):
    with pytest.raises(InputError, match=r"^array"):
        from_array(array)
