"""The .npz reader: keys, order, compression, and members that are something else."""

from __future__ import annotations

import gzip
import tempfile
import weakref
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from softaudit.errors import InputError
from softaudit.sources import npz as reader
from softaudit.sources import read, read_each

from .files import archive, npy, npz

TWO = {"b": np.array([[1.0, 2.0]], np.float32), "a": np.array([3, 4], np.int16)}


@pytest.mark.parametrize("compressed", [False, True])
def test_one_logits_per_member_in_the_order_of_the_file(put, compressed):
    first, second = read(put("a.npz", npz(compressed=compressed, **TWO)))
    assert (first.key, first.format, first.values.tolist()) == ("b", "float32", [[1.0, 2.0]])
    assert (second.key, second.format, second.values.tolist()) == ("a", "int16", [3.0, 4.0])
    assert first.name == second.name == "a.npz"
    assert first.sha256 == second.sha256
    assert not first.values.flags.writeable


def test_a_key_names_one_member_and_the_others_may_be_anything(one):
    data = archive(("notes.txt", b"hello"), ("x/y.npy", npy(np.array([5.0, 6.0]))))
    logits = one("a.npz", data, key="x/y")
    assert (logits.key, logits.values.tolist()) == ("x/y", [5.0, 6.0])


def test_an_unknown_key_lists_the_keys(refusal):
    message = refusal("a.npz", npz(**TWO), key="c")
    assert message == "a.npz: no array 'c'; its keys are b, a"


def test_bfloat16_members(one):
    array = np.array([1.5, -2], ml_dtypes.bfloat16)
    logits = one("a.npz", npz(compressed=True, x=array))
    assert logits.format == "bfloat16"
    assert logits.values.tobytes() == array.tobytes()


def test_other_members_are_refused_by_name(refusal):
    message = refusal("a.npz", archive(("x.npy", npy(np.zeros(2))), ("notes.txt", b"hello")))
    assert message == "a.npz: member 'notes.txt' is not a .npy array; choose one with --key"


def test_a_member_of_text_points_to_the_others(refusal):
    message = refusal("a.npz", npz(x=np.zeros(2), names=np.array(["cat"])))
    assert message.startswith("a.npz, array names: dtype '<U3' is text")
    assert message.endswith("or choose another array with --key")


def test_an_archive_without_members(refusal):
    assert "holds no arrays" in refusal("a.npz", archive())


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(refusal):
    member = ("x.npy", npy(np.zeros(2)))
    assert "two arrays of one key" in refusal("a.npz", archive(member, member))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compression_without_a_bound_is_refused(refusal, method):
    data = archive(("x.npy", npy(np.zeros(2))), method=method)
    assert f"packed by method {method}" in refusal("a.npz", data)


def test_axis_must_be_there_in_every_array(refusal):
    assert "array a: axis 1 is not there" in refusal("a.npz", npz(**TWO), axis=1)


def root_of(values):
    while isinstance(values.base, np.ndarray):
        values = values.base
    return values


ROWS = np.arange(24, dtype=np.float32).reshape(4, 6)


class TestWithoutLoading:
    def test_what_is_stored_is_mapped_where_it_lies(self, put, tmp_path):
        found = read(put("a.npz", npz(x=ROWS, y=np.asfortranarray(ROWS + 0.5))))
        assert [logits.values.tolist() for logits in found] == [
            ROWS.tolist(),
            (ROWS + 0.5).tolist(),
        ]
        roots = {id(root_of(logits.values)) for logits in found}
        assert len(roots) == 1
        assert root_of(found[0].values).filename == str(tmp_path / "a.npz")

    def test_a_member_behind_a_long_local_header(self, put):
        """Its extra field is longer in the archive's directory than beside the member."""
        member = zipfile.ZipInfo("x.npy")
        member.extra = b"\xfe\xca\x03\x00abc"
        with zipfile.ZipFile("a.npz", "w") as file:
            file.writestr("first.npy", npy(ROWS))
            file.writestr(member, npy(-ROWS))
            member.extra = b""
        assert read("a.npz", key="x")[0].values.tolist() == (-ROWS).tolist()

    def test_an_archive_behind_other_bytes(self, put):
        assert (
            read(put("a.bin.npz", b"PK\x03\x04" + npz(x=ROWS)))[0].values.tolist() == ROWS.tolist()
        )

    @pytest.mark.parametrize("piped", [False, True])
    def test_what_is_packed_and_large_goes_into_a_file_without_a_name(
        self, put, monkeypatch, tmp_path, piped
    ):
        monkeypatch.setattr(reader, "IN_MEMORY", ROWS.nbytes - 1)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        data = npz(compressed=True, small=ROWS[:1], large=ROWS)
        name = "a.npz.gz" if piped else "a.npz"
        small, large = read(put(name, gzip.compress(data) if piped else data))
        assert [path.name for path in tmp_path.iterdir()] == [name]
        assert not isinstance(root_of(small.values), np.memmap)
        assert isinstance(root_of(large.values), np.memmap)
        assert large.values.tolist() == ROWS.tolist()

    def test_a_checksum_is_compared_there_too(self, refusal, monkeypatch):
        monkeypatch.setattr(reader, "IN_MEMORY", 0)
        data = bytearray(npz(compressed=True, x=ROWS))
        at = data.index(b"PK\x01\x02") + 16
        data[at] ^= 1
        assert "Bad CRC-32" in refusal("a.npz", bytes(data))

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
    def test_no_room(self, refusal, monkeypatch):
        monkeypatch.setattr(reader, "IN_MEMORY", 0)
        full = Path("/dev/full").open("w+b", buffering=0)  # noqa: SIM115  # closed by the reader
        monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full)
        assert refusal("a.npz", npz(compressed=True, x=ROWS)) == (
            "a.npz, array x: 96 bytes cannot be unpacked into a temporary file (no space left on "
            "device); set TMPDIR to a directory with room for them"
        )

    def test_one_after_the_other_and_none_is_kept(self, put, monkeypatch):
        monkeypatch.setattr(reader, "IN_MEMORY", 0)
        name = put("a.npz", npz(compressed=True, **{f"x{i}": ROWS + i for i in range(4)}))
        each, last = read_each(name), lambda: None
        for i in range(4):
            assert last() is None
            logits = next(each)
            assert logits.values.tolist() == (ROWS + i).tolist()
            last = weakref.ref(root_of(logits.values))
            del logits
        assert list(each) == []

    def test_what_is_wrong_with_one_is_said_when_it_is_asked_for(self, put):
        name = put("a.npz", npz(x=ROWS, names=np.array(["cat"])))
        each = read_each(name)
        assert next(each).key == "x"
        with pytest.raises(InputError, match="array names: dtype '<U3' is text"):
            next(each)
        with pytest.raises(InputError, match="array names: dtype '<U3' is text"):
            read(name)


@pytest.mark.parametrize(
    ("key", "keys"), [("b*", ["b1", "b2"]), ("[bc]?", ["b1", "c1", "b2"]), ("b?", ["b?"])]
)
def test_a_key_may_be_a_pattern(put, key, keys):
    names = ("b1", "a", "c1", "b2") if "b?" not in keys else ("b1", "b?")
    found = read(put("a.npz", npz(**dict.fromkeys(names, ROWS))), key=key)
    assert [logits.key for logits in found] == keys


def test_a_pattern_of_no_key_lists_the_keys(refusal):
    assert refusal("a.npz", npz(**TWO), key="c*") == "a.npz: no array 'c*'; its keys are b, a"
