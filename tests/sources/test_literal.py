"""Logits written on the command line."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest

from softaudit.errors import InputError
from softaudit.sources import read


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("[40, 0]", [40, 0]),
        ("[40,0]", [40, 0]),
        ("[[1, 2], [3, inf]]", [[1, 2], [3, math.inf]]),
        ("[1e3, -1E-3, +Infinity]", [1000, -0.001, math.inf]),
        ("[ .5 ,\n-inf ]", [0.5, -math.inf]),
        ("[[[1]], [[2]]]", [[[1]], [[2]]]),
    ],
)
def test_values(word, expected):
    (logits,) = read(word)
    assert logits.values.tolist() == expected
    assert logits.values.dtype == np.float64
    assert logits.shape == np.shape(expected)
    assert logits.format == "text"


def test_nan_and_the_sign_of_zero():
    (logits,) = read("[-inf, -0, nan]")
    assert np.signbit(logits.values[1])
    assert np.isnan(logits.values[2])


def test_name_command_and_hash():
    (logits,) = read("[40, 0]")
    assert logits.name == "[40, 0]"
    assert logits.command == "'[40, 0]'"
    assert logits.sha256 == hashlib.sha256(b"[40, 0]").hexdigest()


def test_a_long_literal_has_a_short_name():
    word = "[" + ", ".join(map(str, range(100))) + "]"
    (logits,) = read(word)
    assert len(logits.name) == 40
    assert logits.name == word[:39] + "…"
    assert logits.command == f"'{word}'"


def test_a_file_of_that_name_wins(put):
    put("[40, 0]", b"1 2 3")
    (logits,) = read("[40, 0]")
    assert logits.values.tolist() == [[1, 2, 3]]


def test_axis():
    (logits,) = read("[[1, 2], [3, 4], [5, 6]]", axis=0)
    assert logits.values.tolist() == [[1, 3, 5], [2, 4, 6]]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("[1, abc]", "character 5: 'abc' is not a number (nor is there a file of this name)"),
        ("[1, 1_000]", "'1_000' is not a number"),
        ('["1"]', "'\"1\"' is not a number"),
        ("[1, 2", "brackets or commas out of place"),
        ("[1 2]", "brackets or commas out of place"),
        ("[1, 2,]", "brackets or commas out of place"),
        ("[1] [2]", "brackets or commas out of place"),
        ("[", "brackets or commas out of place"),
        ("[[1, 2], [3]]", "rows of different length"),
        ("[[1, 2], 3]", "rows of different length"),
        ("[[], [3]]", "rows of different length"),
        ("[]", "has no elements"),
        ("[[], []]", "has no elements"),
        ("[" * 33 + "1" + "]" * 33, "over 32 brackets deep"),
        ("[1," * 100_000, "over 32 brackets deep"),
        ("[\x00\x1b[31m1]", "is not a number"),
        ("[\ud800]", "is not a number"),
    ],
)
def test_refusals(word, said):
    with pytest.raises(InputError) as caught:
        read(word)
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_key_is_refused():
    with pytest.raises(InputError, match="leave out --key x"):
        read("[1, 2]", key="x")
