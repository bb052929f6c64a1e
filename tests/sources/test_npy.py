"""The .npy reader: every format, byte order and layout, and every dtype that is refused."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from softaudit.sources import read

from .files import npy, npy_by_hand, npy_of

# 1.5 and −2 in every format, by hand: sign, exponent, significand.
ONE_AND_A_HALF_AND_MINUS_TWO = {
    "<f2": ("float16", b"\x00\x3e\x00\xc0"),
    ">f2": ("float16", b"\x3e\x00\xc0\x00"),
    "<f4": ("float32", b"\x00\x00\xc0\x3f\x00\x00\x00\xc0"),
    ">f4": ("float32", b"\x3f\xc0\x00\x00\xc0\x00\x00\x00"),
    "<f8": ("float64", struct.pack("<2d", 1.5, -2)),
    ">f8": ("float64", struct.pack(">2d", 1.5, -2)),
    "<V2": ("bfloat16", b"\xc0\x3f\x00\xc0"),
    "|V2": ("bfloat16", b"\xc0\x3f\x00\xc0"),
    ">V2": ("bfloat16", b"\x3f\xc0\xc0\x00"),
    "bfloat16": ("bfloat16", b"\xc0\x3f\x00\xc0"),
    "|V1": ("float8_e4m3fn", b"\x3c\xc0"),
    "<V1": ("float8_e4m3fn", b"\x3c\xc0"),
    "<f1": ("float8_e5m2", b"\x3e\xc0"),
    "|f1": ("float8_e5m2", b"\x3e\xc0"),
}


@pytest.mark.parametrize("descr", ONE_AND_A_HALF_AND_MINUS_TWO)
def test_every_format_in_either_byte_order(one, descr):
    name, data = ONE_AND_A_HALF_AND_MINUS_TWO[descr]
    logits = one("a.npy", npy_of(descr, "(2,)", data))
    assert logits.format == name
    assert logits.values.dtype.name == name
    assert logits.values.astype(np.float64).tolist() == [1.5, -2.0]
    assert logits.take(np.array([0])).tolist() == [[1.5, -2.0]]


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_what_numpy_saves_of_ml_dtypes(one, name):
    array = np.array([[0.5, -3.0, np.nan]], getattr(ml_dtypes, name))
    logits = one("a.npy", npy(array))
    assert logits.format == name
    assert logits.values.tobytes() == array.tobytes()


def test_special_values_and_the_sign_of_zero_are_kept(one):
    array = np.array([-0.0, np.inf, -np.inf, np.nan, 5e-324])
    assert one("a.npy", npy(array)).values.tobytes() == array.tobytes()


def test_fields_of_logits(one):
    data = npy(np.zeros((2, 3), np.float32))
    logits = one("a.npy", data)
    assert (logits.name, logits.command, logits.key, logits.axis) == ("a.npy", "a.npy", None, -1)
    assert logits.shape == (2, 3)
    assert logits.sha256 == hashlib.sha256(data).hexdigest()


def test_data_are_mapped_and_read_only_after_the_file_is_closed(one):
    logits = one("a.npy", npy(np.arange(6.0).reshape(2, 3)))
    assert isinstance(logits.values, np.memmap)
    assert not logits.values.flags.writeable
    assert logits.values[1].tolist() == [3.0, 4.0, 5.0]


def test_fortran_order(one):
    # Columns first: 0 3 1 4 2 5 is [[0, 1, 2], [3, 4, 5]].
    data = npy_of("<f8", "(2, 3)", struct.pack("<6d", 0, 3, 1, 4, 2, 5), fortran=True)
    assert one("a.npy", data).values.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("axis", "shape", "first"),
    [(-1, (2, 3), [0, 1, 2]), (1, (2, 3), [0, 1, 2]), (0, (3, 2), [0, 3]), (-2, (3, 2), [0, 3])],
)
def test_axis_is_moved_to_the_end(one, axis, shape, first):
    logits = one("a.npy", npy(np.arange(6.0).reshape(2, 3)), axis=axis)
    assert logits.values.shape == shape
    assert logits.values[0].tolist() == first
    assert logits.shape == (2, 3)
    assert logits.axis == axis
    assert isinstance(logits.values, np.memmap)


@pytest.mark.parametrize("axis", [2, -3, 10**30])
def test_axis_that_is_not_there(refusal, axis):
    message = refusal("a.npy", npy(np.zeros((2, 3))), axis=axis)
    assert message == (
        f"a.npy: axis {axis} is not there; the array is 2×3, so choose --axis from -2 to 1"
    )


@pytest.mark.parametrize("code", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">i4", ">u8"])
def test_integers_become_float64(one, code):
    logits = one("a.npy", npy(np.array([[0, 1], [100, 127]], code)))
    assert logits.format == np.dtype(code).name
    assert logits.values.dtype == np.float64
    assert logits.values.tolist() == [[0, 1], [100, 127]]
    assert not logits.values.flags.writeable


def test_integers_up_to_2_to_the_53_are_exact(one):
    array = np.array([2**53, -(2**53), 2**53 - 1], np.int64)
    assert [int(x) for x in one("a.npy", npy(array)).values] == array.tolist()


@pytest.mark.parametrize(
    ("code", "value"), [("i8", 2**53 + 1), ("i8", -(2**63)), ("u8", 2**64 - 1), (">i8", 2**53 + 1)]
)
def test_greater_integers_are_refused_with_their_place(refusal, code, value):
    message = refusal("a.npy", npy(np.array([[0, 1], [value, value]], code)), axis=0)
    assert message.startswith(f"a.npy, index (1, 0): {value} is beyond 2**53")


@pytest.mark.parametrize(
    ("descr", "said"),
    [
        ("|b1", "boolean"),
        ("<c8", "complex"),
        ("<c16", "a.real"),
        ("|O", "never loaded"),
        ("|S3", "text"),
        ("<U3", "text"),
        ("<M8[ns]", "dates"),
        ("<m8", "durations"),
        ("<f16", "wider than float64"),
        ("<f12", "wider than float64"),
        ("|V4", "raw bytes"),
        ("|V0", "raw bytes"),
        ("<i16", "not a dtype of numbers"),
        ("f8,f8", "unknown dtype"),
        ("(2,)f8", "unknown dtype"),
        ("", "unknown dtype"),
    ],
)
def test_other_dtypes_are_refused_with_what_to_do(refusal, descr, said):
    message = refusal("a.npy", npy_of(descr, "(1,)", b"\0" * 8))
    assert said in message
    assert 'np.save("logits.npy", ' in message


def test_records_are_refused(refusal):
    array = np.zeros(3, [("a", "f4"), ("b", "f8")])
    assert 'a["field"]' in refusal("a.npy", npy(array))


def test_a_single_number_is_refused(refusal):
    assert "without a class axis" in refusal("a.npy", npy(np.float64(1)))


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0)])
def test_no_elements_are_refused(refusal, shape):
    assert refusal("a.npy", npy(np.zeros(shape))) == (
        f"a.npy: shape {shape} has no elements; save at least one row"
    )


def test_versions_two_and_three_and_the_long_integers_of_python_2(one):
    data = struct.pack("<2d", 1, 2)
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2L,)}"
    assert one("a.npy", npy_by_hand(header, data, b"\x02\x00")).values.tolist() == [1, 2]
    header = "{'shape': (2,), 'descr': \"<f8\", 'fortran_order': False}"
    assert one("a.npy", npy_by_hand(header, data, b"\x03\x00", "utf-8")).values.tolist() == [1, 2]


def test_a_key_is_refused(refusal):
    assert "leave out --key logits" in refusal("a.npy", npy(np.zeros(2)), key="logits")


@pytest.mark.parametrize("name", ["attention.npy", "attention_float16.npy", "vocabulary.npy"])
def test_real_files_are_as_numpy_loads_them(name):
    path = Path(__file__).parents[2] / "fixtures" / name
    (logits,) = read(str(path))
    expected = np.load(path)
    assert logits.values.dtype == expected.dtype
    assert np.array_equal(logits.values, expected)
    assert logits.name == name
