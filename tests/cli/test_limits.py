"""softaudit limits: the table and the JSON of formats' limits."""

from __future__ import annotations

import json

import pytest

FORMATS = ["float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"]


def test_json_has_all_formats_and_every_figure(softaudit):
    ended = softaudit("limits", "--output-format", "json")
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    assert document["schema"] == 1
    assert [one["format"] for one in document["limits"]] == FORMATS
    assert document["limits"][0]["largest"] == 65504.0
    assert document["limits"][0]["ones_stall"] == 2048
    assert document["limits"][0]["exp_overflows"].startswith("11.09")
    assert document["limits"][4]["overflow_gives"] == "nan"


def test_format_as_lists_and_repeats(softaudit):
    for arguments in (["--format", "float32,float16"], ["--format=float32", "--format=float16"]):
        ended = softaudit("limits", *arguments, "--output-format", "json")
        assert [one["format"] for one in json.loads(ended.out)["limits"]] == ["float32", "float16"]


def test_the_table(softaudit):
    text = softaudit("limits", "--format", "float16").out
    for figure in ("65504", "11.09", "2048", "65520", "2^-10", "−17.3"):
        assert figure in text
    assert "bfloat16" not in text


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_the_table_fits_the_width(softaudit, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    text = softaudit("limits").out
    assert max(map(len, text.split("\n"))) <= width
    heads = [word for line in text.split("\n") for word in line.split() if word in FORMATS]
    assert heads[:6] == FORMATS


def test_unknown_names(fails):
    assert "did you mean bfloat16" in fails("limits", "--format", "bfloat")
    assert "yaml" in fails("limits", "--output-format", "yaml")
