"""The generated dumps are what they are said to be, as other libraries read them."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from tests.dumps import make_dumps


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dumps")
    return folder, make_dumps(folder, 60, 2.0, broken=6)


def test_the_same_on_every_call(made, tmp_path):
    folder, dumps = made
    assert make_dumps(tmp_path, 60, 2.0, broken=6) == dumps
    files = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    assert len(files) == 60 + len(dumps.left_out)
    for name, path in files.items():
        assert (tmp_path / name).read_bytes() == path.read_bytes()


def test_every_type_with_its_shape(made):
    folder, dumps = made
    suffixes = {name.rpartition(".")[2] for name in (dump.name for dump in dumps.arrays)}
    assert suffixes == {"npy", "csv", "npz", "safetensors"}
    for dump in dumps.arrays:
        if dump.name.endswith((".npy", ".npz")):
            loaded = np.load(folder / dump.name)
            values = loaded if dump.key is None else loaded[dump.key]
            assert values.shape[-1] == dump.columns
            assert values.size == dump.rows * dump.columns


def test_safetensors_are_whole(made):
    library = pytest.importorskip("safetensors")
    folder, dumps = made
    expected: dict[str, dict[str, int]] = {}
    for dump in dumps.arrays:
        if dump.name.endswith(".safetensors"):
            expected.setdefault(dump.name, {})[dump.key] = dump.rows * dump.columns
    for name, sizes in expected.items():
        tensors = dict(library.deserialize((folder / name).read_bytes()))
        assert {key: int(np.prod(t["shape"])) for key, t in tensors.items()} == sizes


def test_archives_are_stored_and_deflated(made):
    folder, dumps = made
    names = {dump.name for dump in dumps.arrays if dump.name.endswith(".npz")}
    kinds = {
        member.compress_type
        for name in names
        for member in zipfile.ZipFile(folder / name).infolist()
    }
    assert kinds == {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def test_broken_files_are_spread_over_the_order(made):
    _, dumps = made
    assert [name.split("/")[1] for name in dumps.broken] == [
        f"layer{i}" for i in (0, 1, 2, 2, 3, 4)
    ]
    assert len(set(dumps.broken.values())) == 6
