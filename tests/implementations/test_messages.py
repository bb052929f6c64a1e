"""What comes back comes from where code of others runs: it is a message, or it is refused."""

from __future__ import annotations

import io
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from softaudit.formats import FORMATS, round_fraction
from softaudit.implementations.answered import rounded_once
from softaudit.implementations.messages import MOST_HEAD, Incoming, Junk, pack_array, read


def taken(message: bytes, most: int = 1000, at_once: int = 1000) -> Incoming:
    incoming = Incoming(most)
    for i in range(0, len(message), at_once):
        incoming.take(message[i : i + at_once])
        assert incoming.complete == (i + at_once >= len(message))
    return incoming


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_arrays_arrive_as_they_were_sent(form, at_once):
    x = np.array([[0.5, -0.0, np.nan], [1.0, 2.0, -3.0]]).astype(FORMATS[form].dtype)
    message = pack_array({"kind": "é\n"}, x.T)
    incoming = taken(message, at_once=at_once)
    assert incoming.text("kind") == "é\n"
    assert incoming.array().tobytes() == x.T.tobytes()
    assert incoming.array().shape == (3, 2)
    head, raw = read(io.BytesIO(message))
    assert (head["kind"], raw) == ("é\n", x.T.tobytes())


def test_an_empty_array():
    assert taken(pack_array({}, np.empty((1, 0)))).array().shape == (1, 0)


@pytest.mark.parametrize(
    "message",
    [
        b"{]\n",
        b"3\n",
        b'{"bytes": -1}\n',
        b'{"bytes": true}\n',
        b'{"bytes": "1"}\n',
        b'{"bytes": 1e3}\n',
        b'{"bytes": 1001}\n',
        b'{"kind": "answer"}\n',
        b'{"bytes": 1}\nab',
        b"[" * 50_000 + b"\n",
        b"\xff\n",
        b"a" * (MOST_HEAD + 1),
    ],
    ids=lambda message: message[:20].decode(errors="replace"),
)
def test_what_is_no_message(message):
    with pytest.raises(Junk):
        Incoming(1000).take(message)


@pytest.mark.parametrize(
    "head",
    [
        b'"dtype": "float64", "shape": [2]',
        b'"dtype": "float64", "shape": [1, 1, 1]',
        b'"dtype": "float64", "shape": [-1]',
        b'"dtype": "float64", "shape": [true]',
        b'"dtype": "float64", "shape": 1',
        b'"dtype": "float64"',
        b'"dtype": "object", "shape": [1]',
        b'"dtype": ["float64"], "shape": [1]',
        b'"dtype": "complex64", "shape": [1]',
        b'"shape": [1]',
    ],
)
def test_what_is_no_array(head):
    incoming = taken(b'{"bytes": 8, ' + head + b"}\n" + bytes(8))
    with pytest.raises(Junk):
        incoming.array()


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(list(FORMATS)))
@example(2**53 + 2**42 + 1, "float16")
@example(2**24 + 2**45 + 1, "bfloat16")  # to float64 exact: a control
@example(2**62 + 2**54 + 1, "bfloat16")  # a hair above the tie, which float64 makes a tie
@example(-(2**62) - 2**38 - 1, "float32")
@example(2**53 + 1, "float64")
def test_integers_are_rounded_once(number, form):
    values, changed = rounded_once(np.array([number]), FORMATS[form])
    once = round_fraction(Fraction(number), FORMATS[form])
    assert np.array_equal(values, [once], equal_nan=True)
    assert changed == (Fraction(number) != once if np.isfinite(once) else True)


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 60, reason="longdouble is float64 here")
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("sign", [-1, 1])
def test_what_is_wider_than_float64_is_rounded_once(form, sign):
    """Beside ties of the format, so near that float64 cannot tell; and beyond what float64 has."""
    target = FORMATS[form]
    tie = Fraction(1) + Fraction(2) ** -target.precision
    hair = np.longdouble(2) ** -62
    for side in (-1, 0, 1):
        long = sign * ((1 + np.longdouble(2) ** -target.precision) + side * hair)
        exact = sign * (tie + side * Fraction(2) ** -62)
        (value,), _ = rounded_once(np.array([long]), target)
        assert value == round_fraction(exact, target)
    (beyond, least), changed = rounded_once(
        sign * np.array([np.longdouble(2) ** 2000, hair**50]), target
    )
    assert np.array_equal([beyond, least], [sign * target.overflow, 0.0], equal_nan=True)
    assert changed
