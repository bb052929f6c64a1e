"""The .safetensors reader, against the library that defines the format and against liars."""

from __future__ import annotations

import io
import json
import struct
from math import prod

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from softaudit.errors import InputError
from softaudit.sources import read

from .files import safetensors_by_hand, safetensors_of

# 1.5 and −2 in every format, by hand: sign, exponent, significand.
ONE_AND_A_HALF_AND_MINUS_TWO = {
    "F64": ("float64", struct.pack("<2d", 1.5, -2)),
    "F32": ("float32", b"\x00\x00\xc0\x3f\x00\x00\x00\xc0"),
    "F16": ("float16", b"\x00\x3e\x00\xc0"),
    "BF16": ("bfloat16", b"\xc0\x3f\x00\xc0"),
    "F8_E4M3": ("float8_e4m3fn", b"\x3c\xc0"),
    "F8_E5M2": ("float8_e5m2", b"\x3e\xc0"),
}
ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)
TENSOR = ("x", "F32", [2], (0, 8))


def header_of(text: str) -> bytes:
    """Give a file of two float32 whose header has this text in place of an entry."""
    return safetensors_by_hand(text, b"\0" * 8)


@pytest.mark.parametrize("dtype", ONE_AND_A_HALF_AND_MINUS_TWO)
def test_every_format(one, dtype):
    name, data = ONE_AND_A_HALF_AND_MINUS_TWO[dtype]
    logits = one("a.safetensors", safetensors_of(("x", dtype, [2], (0, len(data))), data=data))
    assert (logits.format, logits.values.dtype.name, logits.key) == (name, name, "x")
    assert logits.take(np.array([0])).tolist() == [[1.5, -2.0]]


def test_what_the_library_writes(put):
    """It puts wider dtypes first, and names in their order."""
    rng = np.random.default_rng(5)
    arrays = {
        "layer10": rng.normal(size=(2, 3)).astype(np.float16),
        "layer2": rng.normal(size=(4, 5)),
        "ids": np.array([[1, 2**53], [-7, 0]]),
        "b": rng.normal(size=7).astype(np.float32),
        "a": rng.normal(size=(2, 1, 3)).astype(np.float32),
        "u": np.array([[0, 255]], np.uint8),
    }
    data = save(arrays, {"note": "from a test"})
    found = read(put("a.safetensors", data))
    assert [logits.key for logits in found] == ["ids", "layer2", "a", "b", "layer10", "u"]
    for logits in found:
        array = arrays[logits.key]
        assert logits.shape == array.shape
        assert logits.format == array.dtype.name
        assert np.array_equal(logits.values, array)
        assert not logits.values.flags.writeable
    assert {logits.name for logits in found} == {"a.safetensors"}


def test_bfloat16_that_the_library_writes(put):
    """Bytes from ml_dtypes; the library of today takes them as they are."""
    array = np.array([[0.5, -3.0, np.nan, np.inf]], ml_dtypes.bfloat16)
    (logits,) = read(put("a.safetensors", save({"x": array})))
    assert logits.format == "bfloat16"
    assert logits.values.tobytes() == array.tobytes()


def test_tensors_are_mapped_and_one_map_serves_all(put):
    data = save({f"t{i}": ROWS + i for i in range(40)})
    found = read(put("a.safetensors", data))
    roots = set()
    for logits in found:
        root = logits.values
        while isinstance(root.base, np.ndarray):
            root = root.base
        assert isinstance(root, np.memmap)
        roots.add(id(root))
    assert len(roots) == 1


@pytest.mark.parametrize("dtype", [np.float64, np.float16, ml_dtypes.bfloat16, np.int32])
def test_data_at_odd_addresses(one, dtype):
    """A header of any length, and a tensor of one byte before: nothing is aligned."""
    code = {"float64": "F64", "float16": "F16", "bfloat16": "BF16", "int32": "I32"}
    array = np.array([[1, -2, 3], [4, 5, 6]], dtype)
    entries = ("a", "I8", [1], (0, 1)), (
        "b", code[array.dtype.name], [2, 3], (1, 1 + array.nbytes),
    )  # fmt: skip
    data = safetensors_of(*entries, data=b"\x01" + array.tobytes())
    logits = one("a.safetensors", data, key="b")
    assert logits.take(np.array([1, 0])).tolist() == [[4, 5, 6], [1, -2, 3]]


def test_the_order_is_that_of_the_data(put):
    entries = ("z", "F32", [2], (8, 16)), ("y", "F32", [2], (0, 8))
    data = safetensors_of(*entries, data=struct.pack("<4f", 1, 2, 3, 4))
    found = read(put("a.safetensors", data))
    assert [(f.key, f.values.tolist()) for f in found] == [("y", [1.0, 2.0]), ("z", [3.0, 4.0])]


@pytest.mark.parametrize("name", ["a", "a.bin", "a.npy", None])
def test_first_bytes_tell_it(put, name):
    data = save({"x": ROWS})
    found = read("-", stdin=io.BytesIO(data)) if name is None else read(put(name, data))
    assert found[0].values.tolist() == ROWS.tolist()


def test_a_file_system_that_does_not_map(put, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(19, "No such device")

    monkeypatch.setattr(np, "memmap", refuse)
    found = read(put("a.safetensors", save({"x": ROWS, "y": -ROWS})))
    assert [logits.values.tolist() for logits in found] == [ROWS.tolist(), (-ROWS).tolist()]


@st.composite
def _nearly_right(draw: st.DrawFn) -> bytes:
    """Two tensors that follow each other, and perhaps one thing that is not as it should be."""
    sizes = {"F32": 4, "F16": 2, "U8": 1}
    entries, at = [], 0
    for name in draw(st.sampled_from(["ab", "ba", "aa"])):
        dtype, shape = (
            draw(st.sampled_from(list(sizes))),
            draw(st.lists(st.integers(0, 3), max_size=3)),
        )
        stop = at + sizes[dtype] * prod(shape) + draw(st.sampled_from([0, 0, 0, 0, 0, 1, -1]))
        entries.append((name, dtype, shape, (at + draw(st.sampled_from([0] * 9 + [1])), stop)))
        at = stop
    more = draw(st.sampled_from([0, 0, 0, 1, -1]))
    return safetensors_of(*entries, data=b"\x3c" * max(0, at + more))


@given(data=_nearly_right())
@settings(max_examples=300, deadline=None)
def test_nothing_is_read_that_the_library_refuses(tmp_path_factory, data):
    """The other way round, what it reads may still be no logits: without axis or elements."""
    path = tmp_path_factory.getbasetemp() / "a.safetensors"
    path.write_bytes(data)
    try:
        right = dict(deserialize(data))
    except SafetensorError:
        with pytest.raises(InputError):
            read(str(path))
        return
    if all(0 not in each["shape"] and each["shape"] for each in right.values()):
        found = read(str(path))
        assert {logits.key: list(logits.shape) for logits in found} == {
            key: each["shape"] for key, each in right.items()
        }


class TestKeys:
    DATA = save(dict.fromkeys(("layer1", "layer2", "head", "layer*"), ROWS))

    @pytest.mark.parametrize(
        ("key", "keys"),
        [
            ("layer1", ["layer1"]), ("layer?", ["layer*", "layer1", "layer2"]),
            ("layer[12]", ["layer1", "layer2"]), ("layer*", ["layer*"]), ("h*", ["head"]),
        ],
    )  # fmt: skip
    def test_a_name_wins_over_a_pattern(self, put, key, keys):
        found = read(put("a.safetensors", self.DATA), key=key)
        assert [logits.key for logits in found] == keys

    def test_no_such_key(self, refusal):
        assert refusal("a.safetensors", self.DATA, key="tail*") == (
            "a.safetensors: no array 'tail*'; its keys are head, layer*, layer1, layer2"
        )


class TestRefusals:
    @pytest.mark.parametrize(
        ("dtype", "size", "said"),
        [
            ("BOOL", 1, "boolean"), ("C64", 8, "complex"), ("F8_E8M0", 1, "powers of two"),
            ("F4", 1, "not a dtype that is read"), ("\n", 1, "'\\n' is not"),
        ],
    )  # fmt: skip
    def test_dtypes(self, refusal, put, dtype, size, said):
        """They stand in the way of nothing but themselves."""
        other = ("mask", dtype, [1], (0, size))
        data = safetensors_of(other, ("x", "F32", [2], (size, size + 8)), data=b"\0" * (size + 8))
        message = refusal("a.safetensors", data)
        assert message.startswith("a.safetensors, array mask: dtype ")
        assert said in message
        assert message.endswith("; or choose another array with --key")
        assert read(put("a.safetensors", data), key="x")[0].values.tolist() == [0, 0]

    @pytest.mark.parametrize(
        ("entries", "said"),
        [
            ([("x", "F32", [2], (0, 7))], "expected for shape (2,) of F32, 7 found"),
            ([("x", "F32", [1], (0, 4))], "4 bytes of data belong to no array"),
            ([("x", "F32", [3], (0, 12))], "data up to byte 12 of 8"),
            ([("x", "F32", [1], (4, 8))], "data from byte 4 to 8, where 0 is the next"),
            ([("x", "F32", [1], (0, 4)), ("y", "F32", [1], (0, 4))], "where 4 is the next"),
            ([("x", "F32", [2], (0, 8)), ("y", "F32", [1], (4, 8))], "where 8 is the next"),
            ([("x", "F32", [1], (0, 3)), ("y", "F32", [1], (4, 8))], "expected for shape (1,)"),
            ([("x", "F32", [2], (8, 0))], "data from byte 8 to 0"),
            ([("x", "F32", [-2], (0, 8))], "is no dtype, shape and data_offsets"),
            ([("x", "F32", [2], (-8, 0))], "is no dtype, shape and data_offsets"),
            ([("x", "F32", [2.0], (0, 8))], "is no dtype, shape and data_offsets"),
            ([("x", "F32", [True, 2], (0, 8))], "is no dtype, shape and data_offsets"),
            ([("x", "F32", [1] * 40, (0, 4))], "40 axes, over 32"),
            ([("x", "F32", [2**62, 2**62, 2**62], (0, 8))], "over 10**18 bytes of data expected"),
            ([("x", "F32", [2**64], (0, 8))], "over 10**18 bytes of data expected"),
            ([("x", "F32", [2], (0, 2**70))], "data up to byte over 10**18 of 8"),
            ([TENSOR, ("y", "F32", [0, 5], (8, 8))], "has no elements"),
            ([TENSOR, ("y", "F32", [0, 2**63], (8, 8))], "has no elements"),
            ([TENSOR, ("y", "F32", [0, 5], (4, 4))], "where 8 is the next"),
        ],
    )  # fmt: skip
    def test_layouts(self, refusal, entries, said):
        assert said in refusal("a.safetensors", safetensors_of(*entries, data=b"\0" * 8))

    @pytest.mark.parametrize(
        ("header", "said"),
        [
            ('{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"x":{}}', "name, 'x'"),
            ('{"x":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}}', "'dtype'"),
            ('{"x":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}', "NaN is no number"),
            ('{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}', "is no dtype"),
            ('{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}}', "is no dtype"),
            ('{"x":{"dtype":4,"shape":[2],"data_offsets":[0,8]}}', "is no dtype"),
            ('{"x":[]}', "is no dtype"), ("{}", "holds no arrays"), ("[1]", "is no object"),
            (" {}", "is no object"), ('{"x":', "is not JSON"), ("{} {}", "is not JSON"),
            ('{"__metadata__":{"a":1}}', "__metadata__ are no map of strings"),
            ('{"__metadata__":{"a":"b"}}', "holds no arrays"),
            ('{"x":{"shape":[' + "9" * 5000 + "]}}", "is not JSON"),
            ('{"x":' + "[" * 100_000, "is not JSON"), ('{"x\\n\\u001b":1}', "array x\\n\\x1b"),
            (b'{"\xff":1}', "is not JSON"), ("{}".encode("utf-16-le"), "is not JSON"),
        ],
    )  # fmt: skip
    def test_headers(self, refusal, header, said):
        assert said in refusal("a.safetensors", header_of(header))

    @pytest.mark.parametrize("length", [2**63, 2**64 - 1, 100_000_001, 200, 0])
    def test_lengths(self, refusal, length):
        data = safetensors_by_hand("{}", length=length)
        assert "header" in refusal("a.safetensors", data)

    def test_broken_off_anywhere(self, refusal):
        data = save({"x": ROWS, "y": ROWS[0]})
        for cut in range(1, len(data)):
            refusal("a.safetensors", data[:cut])

    def test_a_byte_too_many(self, refusal):
        assert "1 bytes of data belong to no array" in refusal(
            "a.safetensors", save({"x": ROWS}) + b"\0"
        )

    def test_a_header_padded_with_blanks_is_right(self, one):
        header = json.dumps({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})
        assert one("a.safetensors", header_of(header + " " * 13)).values.tolist() == [0, 0]

    def test_a_single_number(self, refusal):
        data = save({"x": np.float32(3)[None].reshape(())})
        assert "without a class axis" in refusal("a.safetensors", data)
