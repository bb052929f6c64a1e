"""The .npz reader: keys, order, compression, and members that are something else."""

from __future__ import annotations

import zipfile

import ml_dtypes
import numpy as np
import pytest

from softaudit.sources import read

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
