"""Files that lie, break off or attack: each is one line of refusal, and costs no memory."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import time
import zipfile

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from softaudit.errors import InputError
from softaudit.sources import opening, read

from .files import archive, npy, npy_by_hand, npy_of, npz, safetensors_of


def _read_or_refusal(word: str, **options: object) -> None:
    """Check that a word is read, down to its last row, or refused in one line."""
    found, refusal = [], ""
    try:
        found = read(word, **options)  # type: ignore[arg-type]
    except InputError as error:
        refusal = str(error)
    assert bool(found) != bool(refusal)
    assert refusal.isprintable()
    for logits in found:
        assert logits.values.size > 0
        assert logits.values.dtype.kind in "fV"
        assert logits.take(np.array([logits.rows - 1])).shape == (1, logits.columns)


ARRAY = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.mark.parametrize("cut", [1, 5, 6, 7, 8, 9, 10, 50, 127])
def test_npy_that_breaks_off_in_its_header(refusal, cut):
    refusal("a.npy", npy(ARRAY)[:cut])


@pytest.mark.parametrize(("change", "found"), [(-1, 47), (-48, 0), (1, 49), (1000, 1048)])
def test_npy_with_less_or_more_data_than_it_says(refusal, change, found):
    data = npy(ARRAY)
    data = data[:change] if change < 0 else data + b"\0" * change
    assert refusal("a.npy", data) == (
        f"a.npy: 48 bytes of data expected for shape (3, 4) of float32, {found} bytes found; "
        "write it again with np.save"
    )


def test_data_far_behind_the_header_are_not_mapped(refusal):
    assert "97 bytes found" in refusal("a.npy", npy_of("<f8", "(2,)", b"\0" * 97))


@pytest.mark.parametrize(
    "shape",
    [
        "(1000000000000, 1000000000000)",
        "(2**99,)",
        "(" + "9" * 4000 + ",)",
        "(" + "9" * 4000 + ", " + "9" * 4000 + ")",
        "(" + "9" * 5000 + ",)",
        "(-1, -1)",
        "(-1,)",
        "(True,)",
        "(1.0,)",
        "[1]",
        "1",
        "('1',)",
        "(1,) * 9",
        "(" + "1, " * 40 + ")",
        "(0, " + "9" * 400 + ")",
    ],
)
def test_absurd_shapes(refusal, shape):
    start = time.perf_counter()
    assert len(refusal("a.npy", npy_of("<f8", shape, b"\0" * 8))) < 300
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    "header",
    [
        "__import__('os').system('touch owned')",
        "{'descr': __import__('os').system('touch owned'), 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': False}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': 8, 'fortran_order': False, 'shape': (1,)}",
        "{'descr': {'a': 1}, 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f8\\n', 'fortran_order': False, 'shape': (1,)}",
        "{[]: 1}",
        "{1: 2, 3: 4, 5: 6}",
        "[" * 9000,
        "-" * 9000 + "1",
        "(" * 150 + ")" * 150,
        "1if 1else 2",
        "'\\d'",
        "\0",
        "",
        " " * 9000,
        "é",
    ],
)
def test_headers_that_are_something_else(refusal, tmp_path, header):
    refusal("a.npy", npy_by_hand(header, b"\0" * 8))
    assert not (tmp_path / "owned").exists()


def test_header_of_the_wrong_encoding(refusal):
    refusal("a.npy", npy_by_hand("'é'", b"\0" * 8, b"\x03\x00", "latin-1"))


def test_header_that_claims_gigabytes(refusal):
    assert "a header of 4294967295 bytes" in refusal("a.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{")


def test_unknown_version(refusal):
    message = refusal("a.npy", b"\x93NUMPY\x04\x00\x00\x00")
    assert "version b'\\x04\\x00' is not known" in message


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return open, ("owned", "w")  # type: ignore[return-value]


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_pickles_are_never_loaded(refusal, tmp_path, name):
    array = npy_of("|O", "(1,)", pickle.dumps(np.array([_Bomb()], object)))
    data = array if name == "a.npy" else archive(("x.npy", array))
    assert "never loaded" in refusal(name, data)
    assert not (tmp_path / "owned").exists()


def test_not_npy_at_all(refusal):
    assert "not a .npy file" in refusal("a.npy", b"hello, world")


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.csv", "a.csv.gz", "a", "a.pt"])
def test_empty_files(refusal, name):
    assert "an empty file (0 bytes)" in refusal(name, b"")


@pytest.mark.parametrize("compressed", [False, True])
def test_npz_broken_off_anywhere(put, compressed):
    data = npz(compressed=compressed, x=ARRAY)
    for cut in range(1, len(data)):
        with pytest.raises(InputError, match=r"^a\.npz"):
            read(put("a.npz", data[:cut]))


def test_npz_with_a_wrong_checksum(refusal):
    data = bytearray(npz(x=ARRAY))
    data[data.index(struct.pack("<f", 11.0))] ^= 1
    assert "Bad CRC-32" in refusal("a.npz", bytes(data))


def _with_directory_field(data: bytes, offset: int, value: int) -> bytes:
    """Overwrite four bytes of the first central directory entry."""
    at = data.index(b"PK\x01\x02") + offset
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]


def test_npz_members_that_claim_more_than_they_have(refusal):
    # Field 24 of a central directory entry is the unpacked size, field 20 the packed one.
    member = npy_of("<f8", "(250000000,)", b"\0" * 8)
    claimed = 250_000_000 * 8 + len(member) - 8
    packed = archive(("x.npy", member), method=zipfile.ZIP_DEFLATED)
    assert "cannot hold" in refusal("a.npz", _with_directory_field(packed, 24, claimed))
    both = _with_directory_field(_with_directory_field(packed, 24, claimed), 20, claimed)
    assert "cannot hold" in refusal("a.npz", both)
    stored = archive(("x.npy", member))
    assert "cannot hold" in refusal("a.npz", _with_directory_field(stored, 24, claimed))


def test_npz_member_that_has_more_than_it_claims(refusal):
    data = archive(("x.npy", npy(ARRAY)))
    assert "Bad CRC-32" in refusal("a.npz", _with_directory_field(data, 24, 128 + 32))


def test_npz_of_members_that_overlap_is_no_bomb(refusal):
    """Fifty entries for one member of zeros: fifty times the most that the bytes can hold."""
    one = archive(("x.npy", npy(np.zeros(200_000))), method=zipfile.ZIP_DEFLATED)
    start = one.index(b"PK\x01\x02")
    end = one.index(b"PK\x05\x06")
    entries = b"".join(
        one[start:end].replace(b"x.npy", b"%c.npy" % (ord("A") + i)) for i in range(50)
    )
    tail = bytearray(one[end:])
    struct.pack_into("<HHI", tail, 8, 50, 50, len(entries))
    message = refusal("a.npz", one[:start] + entries + bytes(tail))
    assert "1600128 bytes claimed" in message
    assert "cannot hold" in message


def test_npz_with_a_password(refusal):
    data = bytearray(archive(("x.npy", npy(ARRAY))))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refusal("a.npz", bytes(data))


def test_npz_member_names_cannot_break_the_line(refusal):
    refusal("a.npz", archive(("x\n\x1b[31m.txt", b"")))
    refusal("a.npz", archive(("x\n\x1b[31m.npy", b"")))
    refusal("a.npz", archive(("x\n\x1b[31m.npy", b"")), key="y\n")


@pytest.mark.parametrize("cut", [2, 3, 10, 11, 15, -8, -1])
def test_gzip_broken_off(refusal, cut):
    assert "not a whole gzip file" in refusal("a.csv.gz", gzip.compress(b"1,2\n" * 100)[:cut])


def test_gzip_with_garbage_behind(refusal):
    refusal("a.csv.gz", gzip.compress(b"1,2\n") + b"garbage")


def test_gzip_of_nothing(refusal):
    assert "unpacks to nothing" in refusal("a.csv.gz", gzip.compress(b""))


def test_gzip_bomb(refusal, monkeypatch):
    monkeypatch.setattr(opening, "UNPACKED_LIMIT", 1000)
    assert "unpacks to over 1000 bytes" in refusal("a.csv.gz", gzip.compress(b"1\n" * 501))


def test_gzip_in_gzip_is_not_followed(refusal):
    refusal("a.csv.gz", gzip.compress(gzip.compress(b"1,2\n")))


@pytest.mark.parametrize(
    "data",
    [
        "1,2\n".encode("utf-16"),
        b"1,2\n" + b"9" * 200_000 + b",1\n",
        b'"' * 1001,
        b"1" * 131_073 + b",2\n",
        b"\x85,\xc2\x85\n",
    ],
)
def test_text_that_is_something_else(put, data):
    _read_or_refusal(put("a.csv", data))


SEEDS = {
    "a.npy": [
        npy(ARRAY),
        npy(np.array([1, 2**53], np.int64)),
        npy(np.asfortranarray(ARRAY.astype(">f8"))),
        npy(ARRAY.astype(ml_dtypes.bfloat16)),
        npy(np.array([b"abc", b"d"])),
    ],
    "a.npz": [npz(x=ARRAY, y=ARRAY[0]), npz(compressed=True, x=ARRAY)],
    "a.safetensors": [
        safetensors_of(
            ("x", "F32", [3, 4], (0, 48)),
            ("y", "BF16", [1], (48, 50)),
            data=ARRAY.tobytes() + b"??",
        ),
    ],
    "a.csv": [b"cat,dog\n1,2.5\n-inf,nan\n", b'"1",2\r\n3,4\r\n\r\n', "\ufeffé,b\n1,2".encode()],
    "a.csv.gz": [gzip.compress(b"cat,dog\n1,2\n", mtime=0)],
    "a.txt": [b"1 2\n3 4\n"],
}


@st.composite
def _mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    name = draw(st.sampled_from(sorted(SEEDS)))
    data = bytearray(draw(st.sampled_from(SEEDS[name])))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["set", "cut", "insert", "drop"])):
            case "set" if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at:]
            case "insert":
                data[at:at] = draw(st.binary(max_size=8))
            case "drop":
                del data[at : at + draw(st.integers(1, 8))]
    return draw(st.sampled_from([name, *SEEDS])), bytes(data)


@given(source=_mutated(), piped=st.booleans(), key=st.sampled_from([None, None, "x"]))
@example(source=("a.npy", b"PK\x03\x04"), piped=False, key=None)
@settings(max_examples=1000, deadline=None)
def test_whatever_the_bytes_are_they_are_read_or_refused(tmp_path_factory, source, piped, key):
    name, data = source
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data)
    _read_or_refusal("-" if piped else str(path), key=key, stdin=io.BytesIO(data))


@given(data=st.binary(max_size=200), word=st.text(max_size=20))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_and_literals(data, word):
    _read_or_refusal("-", stdin=io.BytesIO(data))
    _read_or_refusal("[" + word)
