"""Paths, standard input, pipes, names, and the files that are something else."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from softaudit.errors import InputError
from softaudit.sources import SOURCES, opening, read, read_each

from .files import archive, npy, npz


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (npy(np.array([1.0, 2.0])), [1, 2]),
        (npz(x=np.array([1.0, 2.0])), [1, 2]),
        (gzip.compress(b"1,2\n", mtime=0), [[1, 2]]),
        (gzip.compress(npy(np.array([1.0, 2.0])), mtime=0), [1, 2]),
        (b"1,2\n", [[1, 2]]),
        (b"1\t2\n", [[1, 2]]),
        (b"1;2\n", [[1, 2]]),
        (b"1 2\n", [[1, 2]]),
    ],
    ids=["npy", "npz", "csv.gz", "npy.gz", "commas", "tabs", "semicolons", "blanks"],
)
def test_standard_input_is_told_by_its_first_bytes(data, values):
    (logits,) = read("-", stdin=io.BytesIO(data))
    assert logits.values.tolist() == values
    assert (logits.name, logits.command) == ("<stdin>", "-")
    assert logits.sha256 == hashlib.sha256(data).hexdigest()
    assert not logits.values.flags.writeable


def test_the_process_s_own_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"1 2")))
    assert read("-")[0].values.tolist() == [[1, 2]]


def test_standard_input_takes_a_key_where_there_are_keys():
    data = npz(x=np.zeros(2), y=np.ones(2))
    assert read("-", key="y", stdin=io.BytesIO(data))[0].values.tolist() == [1, 1]
    with pytest.raises(InputError, match="leave out --key y"):
        read("-", key="y", stdin=io.BytesIO(b"1 2"))


def test_empty_standard_input():
    with pytest.raises(InputError, match=r"^<stdin>: nothing to read \(0 bytes\)"):
        read("-", stdin=io.BytesIO(b""))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_read_like_standard_input():
    os.mkfifo("pipe")
    writer = threading.Thread(target=Path("pipe").write_bytes, args=[b"1 2"])
    writer.start()
    assert read("pipe")[0].values.tolist() == [[1, 2]]
    writer.join()


def test_names_are_never_absolute(tmp_path, monkeypatch, put):
    (tmp_path / "in here").mkdir()
    inner = put("in here/a.npy", npy(np.zeros(2)))
    outer = put("b.npy", npy(np.zeros(2)))
    (logits,) = read(str(tmp_path / inner))
    assert (logits.name, logits.command) == ("in here/a.npy", "'in here/a.npy'")
    monkeypatch.chdir(tmp_path / "in here")
    (logits,) = read("../" + outer)
    assert (logits.name, logits.command) == ("../b.npy", "../b.npy")
    (logits,) = read(str(tmp_path / outer))
    assert (logits.name, logits.command) == ("b.npy", str(tmp_path / "b.npy"))


def test_a_name_that_cannot_be_typed_has_no_command(put):
    put("a\tb.npy", npy(np.zeros(2)))
    (logits,) = read("a\tb.npy")
    assert (logits.name, logits.command) == ("a\\tb.npy", "")


def test_a_name_with_a_dash_is_no_option(put):
    put("-o.npy", npy(np.zeros(2)))
    assert read("./-o.npy")[0].command == "./-o.npy"


def test_a_line_break_in_a_name_stays_on_the_line(put):
    put("a\nb.csv", b"x,1")
    with pytest.raises(InputError) as caught:
        read("a\nb.csv")
    assert str(caught.value) == (
        "a\\nb.csv, line 1, column 1: 'x' is not a number; write a number, inf, -inf or nan"
    )


@pytest.mark.parametrize("name", ["a.bin", "a.json", "a.unknown", "a", "a.csv"])
def test_the_first_bytes_win_over_the_suffix(one, name):
    assert one(name, npy(np.array([1.0, 2.0]))).values.tolist() == [1, 2]


@pytest.mark.parametrize("name", ["a.json", "a.unknown", "a", "a.npy"])
def test_an_archive_under_another_suffix(one, name):
    assert one(name, npz(x=np.array([1.0, 2.0]))).values.tolist() == [1, 2]


@pytest.mark.parametrize("name", ["a.pt", "a.PTH", "pytorch_model.bin"])
@pytest.mark.parametrize(
    "data", [archive(("a/data.pkl", b"\x80\x02.")), b"\x80\x02."], ids=["zip", "pickle"]
)
def test_pytorch_files_get_the_line_that_saves_them(refusal, name, data):
    assert refusal(name, data).endswith('np.save("logits.npy", tensor.float().numpy())')


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.json", "json.load(open(path))"),
        ("a.parquet", "not a file type that is read (.npy, .npz, .safetensors, .csv, .tsv)"),
    ],
)
def test_other_files_get_advice(refusal, name, said):
    assert said in refusal(name, b"[1, 2]")


@pytest.mark.parametrize("word", ["missing.npy", "a.npy/b.npy", "", "a\x00b", "\ud800.npy"])
def test_a_missing_file(word, put):
    put("a.npy", npy(np.zeros(2)))
    with pytest.raises(InputError, match=r"no such file|a directory"):
        read(word)


def test_a_missing_file_says_so_and_nothing_else():
    with pytest.raises(InputError) as caught:
        read("missing.npy")
    assert str(caught.value) == "missing.npy: no such file"


def test_a_directory(tmp_path):
    (tmp_path / "d.npy").mkdir()
    with pytest.raises(InputError, match=r"^d.npy: a directory; name the files in it$"):
        read("d.npy")


def test_a_name_that_is_too_long():
    with pytest.raises(InputError, match="file name too long"):
        read("x" * 5000)


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no devices here")
def test_a_device():
    with pytest.raises(InputError, match=r"^/dev/null: not a file"):
        read("/dev/null")


def test_permission_denied(put, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    put("a.npy", npy(np.zeros(2)))
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"^a.npy: permission denied; make it readable$"):
        read("a.npy")


def test_a_disk_that_fails():
    class Broken(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(InputError, match=r"^<stdin>: input/output error"):
        read("-", stdin=Broken())


def test_what_does_not_fit_in_memory():
    class Huge(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise MemoryError

    with pytest.raises(InputError, match="does not fit in memory"):
        read("-", stdin=Huge())


def test_a_file_system_that_does_not_map(one, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(19, "No such device")

    monkeypatch.setattr(np, "memmap", refuse)
    assert one("a.npy", npy(np.array([1.0, 2.0]))).values.tolist() == [1, 2]


@pytest.mark.parametrize(("path", "suffix"), [("d/A.CSV.gz", ".csv"), ("a.npy", ".npy"), ("a", "")])
def test_suffix_of(path, suffix):
    assert opening.suffix_of(path) == suffix


def test_the_registry_is_in_display_order():
    assert list(SOURCES) == [".npy", ".npz", ".safetensors", ".csv", ".tsv"]


def test_another_name_for_reports_and_messages(put, tmp_path):
    (logits,) = read_each(f"{tmp_path}/{put('a.csv', b'1,2')}", name="dumps/a.csv")
    assert (logits.name, logits.command) == ("dumps/a.csv", "a.csv")
    with pytest.raises(InputError, match=r"^dumps/b.csv, line 1"):
        list(read_each(put("b.csv", b"1,x"), name="dumps/b.csv"))
    with pytest.raises(InputError, match=r"^dumps/c.csv: no such file"):
        list(read_each("c.csv", name="dumps/c.csv"))
