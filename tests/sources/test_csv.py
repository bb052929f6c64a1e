"""Tables of text: numbers as float() has them, headers, delimiters, and the place of each error."""

from __future__ import annotations

import gzip
import hashlib

import numpy as np
import pytest

from softaudit.sources import read

HINT = "; write a number, inf, -inf or nan"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("1,2\r\n3,4", [[1, 2], [3, 4]]),
        ("1,2\r3,4\r", [[1, 2], [3, 4]]),
        ("\n1, 2\n\n \n3 ,4\n\n", [[1, 2], [3, 4]]),
        ("cat,dog\n1,2\n", [[1, 2]]),
        ("class_0,été\n1,2\n", [[1, 2]]),
        ("# written by hand\n# 2 columns\ncat,dog\n1,2\n", [[1, 2]]),
        ("\ufeff1,2\n", [[1, 2]]),
        ("\ufeffcat,dog\n1,2\n", [[1, 2]]),
        ('"1","2.5"\n', [[1, 2.5]]),
        ("5\n6\n", [[5], [6]]),
        ("1e3,-1E-3,.5,+7.\n", [[1000, -0.001, 0.5, 7]]),
    ],
)
def test_tables(one, text, expected):
    logits = one("a.csv", text.encode())
    assert logits.values.dtype == np.float64
    assert logits.values.tolist() == expected
    assert logits.format == "text"
    assert logits.shape == np.shape(expected)


def test_special_values(one):
    values = one("a.csv", b"inf,-INF,Infinity,-infinity,NaN,-0\n").values[0]
    assert values[:4].tolist() == [np.inf, -np.inf, np.inf, -np.inf]
    assert np.isnan(values[4])
    assert np.signbit(values[5])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"1,2\n3,9007199254740993\n", "a.csv, line 2, column 2: 9007199254740993 is beyond 2**53"),
        (b"nan,-9007199254740994\n", "a.csv, line 1, column 2: -9007199254740994 is beyond 2**53"),
        (b"1e400,1\n", "a.csv, line 1, column 1: 1e400 is beyond the range of float64"),
    ],
)
def test_numbers_that_float64_would_change_are_refused(refusal, text, place):
    assert refusal("a.csv", text).startswith(place)


def test_large_decimals_and_exact_integers_stay(one):
    values = one("a.csv", b"9007199254740992,1e300,-inf,9007199254740993.0\n").values
    assert values[0].tolist() == [2.0**53, 1e300, -np.inf, 2.0**53]


def test_decimals_are_rounded_once_and_to_nearest(one):
    # Just above the midpoint of 1 and its successor, just below, and the midpoint itself.
    midpoint = "1.00000000000000011102230246251565404"
    values = one("a.csv", f"{midpoint}3,{midpoint[:-1]}3,{midpoint}236,5e-324".encode()).values
    assert values[0].tolist() == [1 + 2**-52, 1.0, 1.0, 2.0**-1074]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tsv", "cat\tsmall dog\n1\t2\n"),
        ("a.txt", "1 2"),
        ("a.dat", "  1   2  \n"),
        ("a", "1,2\n"),
        ("a.txt", "# 7, 8\n1;2"),
        ("a.txt", "cat\tsmall dog\n1\t2\n"),
    ],
)
def test_delimiters(one, name, text):
    assert one(name, text.encode()).values.tolist() == [[1, 2]]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv", "A.CSV.GZ"])
def test_gzip_is_told_by_its_bytes_and_hashed_as_it_lies(one, name):
    data = gzip.compress(b"1,2\n")
    logits = one(name, data)
    assert logits.values.tolist() == [[1, 2]]
    assert logits.sha256 == hashlib.sha256(data).hexdigest()


def test_gzip_of_tabs(one):
    assert one("a.tsv.gz", gzip.compress(b"1\t2\n")).values.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"1,2\n3,4\n5,abc\n", "a.csv, line 3, column 2: 'abc' is not a number" + HINT),
        (b"cat,dog\n\n1,x\x1b[0m\n", "a.csv, line 3, column 2: 'x\\x1b[0m' is not a number" + HINT),
        (b"1,1_000\n", "a.csv, line 1, column 2: '1_000' is not a number" + HINT),
        (b"1_000,2_000\n1,2\n", "a.csv, line 1, column 1: '1_000' is not a number" + HINT),
        (b"1,0x10\n", "a.csv, line 1, column 2: '0x10' is not a number" + HINT),
        ("1,２\n".encode(), "a.csv, line 1, column 2: '２' is not a number" + HINT),
        (
            b"1,2\n3,4,\n",
            "a.csv, line 2: 3 columns, 2 expected as in line 1; give every row as many",
        ),
        (
            b"cat,dog\n1\n",
            "a.csv, line 2: 1 columns, 2 expected as in line 1; give every row as many",
        ),
        (b"cat,1\n2,3\n", "a.csv, line 1, column 1: 'cat' is not a number" + HINT),
        (
            b"1,2\n1,\xff\n",
            "a.csv, line 2: byte 0xff is not UTF-8 text; save the table as UTF-8 text",
        ),
        (b"1,2\n1,\x00\n", "a.csv, line 2: a NUL byte; save the table as UTF-8 text"),
        (b"cat,dog\n", "a.csv: no line of numbers; write one row on each line"),
        (b"\n\n", "a.csv: no line of numbers; write one row on each line"),
        (b"\xef\xbb\xbf", "a.csv: no line of numbers; write one row on each line"),
        (b"", "a.csv: an empty file (0 bytes); write it again"),
        (b'1,2\n"3"x,4\n', "a.csv, line 2: ',' expected after '\"'; mend its quotes"),
        (b'1,2\n"3,4\n', "a.csv, line 2: unexpected end of data; mend its quotes"),
        (b"1;2\n3;4\n", None),
    ],
)
def test_refusals_name_the_place(refusal, text, message):
    said = refusal("a.csv", text)
    assert message is None or said == message


@pytest.mark.parametrize("text", [b"1,2,\n", b"1,,2\n", b",1,2\n"])
def test_an_empty_field_is_not_a_number(refusal, text):
    column = (text.decode().strip() + ",").split(",").index("") + 1
    assert refusal("a.csv", text).startswith(
        f"a.csv, line 1, column {column}: an empty field is not a number"
    )


def test_long_fields_are_shortened(refusal):
    assert refusal("a.csv", b"1," + b"x" * 1000) == (
        "a.csv, line 1, column 2: '" + "x" * 39 + "…' is not a number" + HINT
    )


def test_axis(one):
    assert one("a.csv", b"1,2,3\n4,5,6\n", axis=0).values.tolist() == [[1, 4], [2, 5], [3, 6]]


def test_a_million_numbers(put):
    table = np.random.default_rng(0).normal(size=(100_000, 10))
    path = put("a.csv", "\n".join(",".join(map(repr, row)) for row in table.tolist()).encode())
    (logits,) = read(path)
    assert np.array_equal(logits.values, table)
