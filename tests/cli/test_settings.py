"""Options beat the environment, which beats pyproject.toml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

BASE = ("--output-format", "json")


@pytest.fixture
def formats(softaudit):
    """Run check on a literal, and give the formats of its cells."""

    def run(*arguments: str) -> list[str]:
        ended = softaudit("check", "[1, 2]", *BASE, *arguments)
        assert (ended.code, ended.err) == (0, "")
        cells = json.loads(ended.out)["audits"][0]["cells"]
        return list(dict.fromkeys(cell["format"] for cell in cells))

    return run


def settings(*lines: str, table: str = "[tool.softaudit]") -> None:
    Path("pyproject.toml").write_text("\n".join([table, *lines]), encoding="utf-8")


def test_options_beat_the_environment_which_beats_pyproject(formats, monkeypatch):
    assert len(formats()) == 4
    settings('format = "float64"')
    assert formats() == ["float64"]
    monkeypatch.setenv("SOFTAUDIT_FORMAT", "float32")
    assert formats() == ["float32"]
    assert formats("--format", "float16") == ["float16"]


@pytest.mark.parametrize(
    "given", ['["float16", "float32"]', '"float16,float32"', '"float16, float32"']
)
def test_several_values_in_pyproject(formats, given):
    settings(f"format = {given}")
    assert formats() == ["float16", "float32"]


@pytest.mark.parametrize("given", ["float16,float32", "float16 float32"])
def test_several_values_in_the_environment(formats, monkeypatch, given):
    monkeypatch.setenv("SOFTAUDIT_FORMAT", given)
    assert formats() == ["float16", "float32"]


def test_every_setting(softaudit):
    settings(
        'function = "softmax"',
        'format = ["bfloat16"]',
        'algorithm = "stable"',
        'compute = "float32"',
        'accumulate = "float64"',
        'order = "sequential"',
        "temperature = 2",
        'elementary = "correct"',
        "axis = 0",
        "sample = 1",
        "worst = 1",
        'columns = ["max"]',
        'output-format = "json"',
    )
    ended = softaudit("check", "[[1, 2], [3, 4], [5, 7]]")
    assert (ended.code, ended.err) == (0, "")
    (audit,) = json.loads(ended.out)["audits"]
    (cell,) = audit["cells"]
    assert cell["name"] == "softmax/bfloat16:float32:float64:sequential/stable"
    assert (audit["temperature"], audit["sampled"], len(cell["worst"])) == (2.0, 1, 1)
    assert audit["elementary"] == "correct"
    assert (audit["source"]["rows"], audit["source"]["columns"]) == (2, 3)


def test_modes_and_block_sizes(softaudit):
    settings(
        "saturate = true",
        "block-size = [16, 64]",
        'algorithm = "blockwise"',
        'format = "float8_e5m2"',
        'subnormals = ["flush"]',
        'function = "softmax"',
    )
    (audit,) = json.loads(softaudit("check", "[1, 2]", "--output-format", "json").out)["audits"]
    names = [cell["name"] for cell in audit["cells"]]
    assert names == [
        "softmax/float8_e5m2+flush+saturate/blockwise:16",
        "softmax/float8_e5m2+flush+saturate/blockwise",
    ]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("FUNCTION", "logsumexp", "logsumexp"),
        ("ALGORITHM", "log-of-softmax", "log-of-softmax"),
        ("COMPUTE", "float64", "in float64"),
        ("ACCUMULATE", "float64", "summed in float64"),
        ("ORDER", "compensated", "compensated"),
        ("TEMPERATURE", "2.5", "T = 2.5"),
        ("ELEMENTARY", "correct", "exp, log correctly"),
        ("AXIS", "0", "2 rows of 3"),
        ("SAMPLE", "1", "1 row"),
        ("WORST", "0", "softmax"),
        ("COLUMNS", "cast", "cast"),
        ("OUTPUT_FORMAT", "json", '{"schema"'),
        ("KEY", "b", "many.npz:b"),
    ],
)
def test_every_variable(softaudit, monkeypatch, name, value, says):
    import numpy as np

    logits = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    np.savez("many.npz", a=logits, b=logits)
    np.save("one.npy", logits)
    file = "many.npz" if name == "KEY" else "one.npy"
    monkeypatch.setenv(f"SOFTAUDIT_{name}", value)
    ended = softaudit("check", file)
    assert (ended.code, ended.err) == (0, "")
    assert says in ended.out


def test_the_nearest_pyproject_of_the_directories_above(formats, monkeypatch, tmp_path):
    settings('format = "float64"')
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert formats() == ["float64"]
    Path("pyproject.toml").write_text('[tool.softaudit]\nformat = "float16"\n', encoding="utf-8")
    assert formats() == ["float16"]


def test_a_pyproject_without_settings(formats):
    settings('name = "other"', table="[project]")
    assert len(formats()) == 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tool.softaudit]\nformats = 'float16'\n", "did you mean format?"),
        ("[tool.softaudit]\ncolour = 1\n", "unknown setting tool.softaudit.colour"),
        ("[tool.softaudit]\nformat = 16\n", "tool.softaudit.format is 16: give a list of names"),
        (
            "[tool.softaudit]\nformat = true\n",
            "tool.softaudit.format is True: give a list",
        ),
        (
            "[tool.softaudit]\ntemperature = [1]\n",
            "tool.softaudit.temperature is [1]: give",
        ),
        ("[tool.softaudit]\ntemperature = 'hot'\n", "temperature"),
        ("[tool.softaudit]\ntemperature = -1\n", "temperature -1"),
        ("[tool.softaudit]\nworst = -1\n", "worst"),
        ("[tool.softaudit]\nsaturate = 1\n", "saturate is 1: give true or false"),
        ("[tool.softaudit]\nblock-size = [1.5]\n", "block-size is [1.5]: give a list of numbers"),
        ("[tool.softaudit]\nblock-size = 'x'\n", "--block-size x: must be a whole number"),
        ("[tool.softaudit]\nformat = [1, 2.5]\n", "format"),
        ("[tool.softaudit]\nformat = 'flaot16'\n", "did you mean float16?"),
        ("[tool.softaudit\n", "pyproject.toml: cannot be read"),
        ("[tool]\nsoftaudit = 3\n", "pyproject.toml"),
        ("tool = 3\n", "pyproject.toml"),
    ],
)
def test_what_is_wrong_in_pyproject(fails, text, says):
    Path("pyproject.toml").write_text(text, encoding="utf-8")
    assert says in fails("check", "[1, 2]")


def test_a_pyproject_that_is_no_text(fails):
    Path("pyproject.toml").write_bytes(b"\xff\xfe[tool]")
    assert "pyproject.toml: cannot be read" in fails("check", "[1, 2]")


@pytest.mark.parametrize(
    ("name", "value"),
    [("FORMAT", "flaot16"), ("TEMPERATURE", "hot"), ("WORST", "x"), ("SAMPLE", "0"), ("AXIS", "x"),
     ("OUTPUT_FORMAT", "yaml"), ("COLUMNS", "colour"), ("ORDER", "random")],
)  # fmt: skip
def test_what_is_wrong_in_the_environment(fails, monkeypatch, name, value):
    monkeypatch.setenv(f"SOFTAUDIT_{name}", value)
    assert fails("check", "[[1, 2], [3, 4]]")


def test_empty_variables_are_none(formats, monkeypatch):
    monkeypatch.setenv("SOFTAUDIT_FORMAT", "")
    monkeypatch.setenv("SOFTAUDIT_TEMPERATURE", "")
    assert len(formats()) == 4
