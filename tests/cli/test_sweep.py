"""softaudit sweep: the command, its errors, and that its figures are those of an audit."""

from __future__ import annotations

import csv
import io
import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

ROWS = np.array([[12.0, 0.0, -6.0], [1.0, 3.0, 2.5]])
NARROW = ("--format", "float16", "--function", "softmax")
SHORT = ("--temperature", "0.5:2", "--points", "3", *NARROW)


def document(ended) -> dict:
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert found["schema"] == 1
    return found["sweep"]


@pytest.fixture(params=["file", "literal", "-"])
def word(request, monkeypatch):
    """Name the same logits in each way there is."""
    if request.param == "literal":
        return str(ROWS.tolist())
    np.save("a.npy", ROWS)
    if request.param == "file":
        return "a.npy"
    data = io.TextIOWrapper(io.BytesIO(Path("a.npy").read_bytes()))
    monkeypatch.setattr("sys.stdin", data)
    return "-"


def test_json_figures_are_those_of_an_audit_at_that_temperature(softaudit, word):
    found = document(softaudit("sweep", word, *SHORT, "--output-format", "json"))
    assert found["grid"] == [0.5, 1.0, 2.0]
    np.save("a.npy", ROWS)
    for temperature in found["grid"]:
        checked = softaudit("check", "a.npy", *NARROW, "--temperature", str(temperature),
                            "--output-format", "json")  # fmt: skip
        for cell, swept in zip(
            json.loads(checked.out)["audits"][0]["cells"], found["cells"], strict=True
        ):
            assert swept["name"] == cell["name"]
            (point,) = (p for p in swept["points"] if p["temperature"] == temperature)
            for name in ("elements", "overflow", "underflow", "ulp", "rows", "relative"):
                assert point[name] == cell[name], name


def test_json_ranges_are_what_the_points_are(softaudit):
    found = document(softaudit("sweep", "[12, 0]", *NARROW, "--output-format", "json"))
    naive, stable = found["cells"]
    assert [r["state"] for r in naive["ranges"]] == ["breaks", "holds"]
    first, second = naive["ranges"]
    assert (first["low"], first["before"], first["after"]) == (0.05, None, second["low"])
    assert (second["before"], second["high"], second["after"]) == (first["high"], 20.0, None)
    assert first["high"] <= 12 / 11.0899 <= first["after"] <= 1.01 * first["high"]
    assert first["cause"] == "exp-overflow"
    assert [r["state"] for r in stable["ranges"]] == ["holds"]
    for cell in found["cells"]:
        for point in cell["points"]:
            (inside,) = (r for r in cell["ranges"] if r["low"] <= point["temperature"] <= r["high"])
            assert point["state"] == inside["state"]


def test_csv_has_a_line_for_each_cell_and_temperature(softaudit):
    swept = document(softaudit("sweep", "[12, 0]", *SHORT, "--output-format", "json"))
    ended = softaudit("sweep", "[12, 0]", *SHORT, "--output-format", "csv")
    lines = list(csv.DictReader(io.StringIO(ended.out)))
    points = [(c["name"], p) for c in swept["cells"] for p in c["points"]]
    assert len(lines) == len(points) > 6
    for line, (name, point) in zip(lines, points, strict=True):
        assert (line["name"], line["state"]) == (name, point["state"])
        assert float(line["temperature"]) == point["temperature"]
        assert float(line["ulp.max"]) == float(point["ulp"]["max"])
        assert int(line["overflow.exp"]) == point["overflow"]["exp"]


def test_a_temperature_that_the_format_does_not_hold(softaudit):
    options = ("--temperature", "1e-9:1", "--points", "3", *NARROW, "--output-format")
    found = document(softaudit("sweep", "[1, 0]", *options, "json"))
    point = found["cells"][0]["points"][0]
    assert point == {"temperature": 1e-9, "rounded": 0.0, "state": "skipped", "cause": None}
    line = softaudit("sweep", "[1, 0]", *options, "csv").out.split("\r\n")[1]
    assert line.rstrip(",") == "softmax/float16/naive,1e-09,0.0,skipped"


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_the_table_fits_the_width(softaudit, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    ended = softaudit("sweep", "[12, 0]", *SHORT)
    assert (ended.code, ended.err) == (0, "")
    assert max(map(len, ended.out.split("\n"))) <= width
    assert "below 1.09" in ended.out
    assert "\x1b" not in ended.out


def test_the_signs_of_a_plain_terminal(process):
    ended = process("sweep", "[12, 0]", *SHORT, PYTHONIOENCODING="ascii")
    assert ended.code == 0
    assert "?" not in ended.out
    assert "xxxx" in ended.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--temperature", "20"], "--temperature 20: must be two numbers, as in"),
        (["--temperature", "a:b"], "--temperature a:b: must be two numbers, as in"),
        (["--temperature", "1:2:3"], "--temperature 1:2:3: must be two numbers"),
        (["--temperature", ":"], "must be two numbers"),
        (["--temperature", "5:1"], "5:1: the lower one comes first"),
        (["--temperature", "0:1"], "temperature 0: must be a positive finite number"),
        (["--temperature=-1:1"], "temperature -1: must be a positive finite number"),
        (["--temperature", "nan:1"], "temperature nan: must be a positive finite number"),
        (["--temperature", "1:inf"], "temperature inf: must be a positive finite number"),
        (["--points", "1"], "points 1: must be 2 to 1000"),
        (["--points", "100000"], "points 100000: must be 2 to 1000"),
        (["--output-format", "yaml"], "choose from table, json, csv"),
        (["--progress", "often"], "choose from auto, always, never"),
        (["--format", "json"], "json is an output: --output-format json"),
        (["--format", "float61"], "did you mean float64?"),
        (["--temperature", "1e-30:1e-20", "--format", "float16"], "becomes 0 or infinite"),
    ],
)
def test_what_cannot_be_asked(fails, arguments, told):
    assert told in fails("sweep", "[12, 0]", *arguments)


def test_an_unreadable_input(fails):
    assert "none.npy: no such file" in fails("sweep", "none.npy")


def test_a_file_with_several_arrays_needs_a_key(softaudit, fails):
    np.savez("two.npz", a=ROWS, b=-ROWS)
    assert "two.npz: has several arrays; name one with --key: a, b" in fails("sweep", "two.npz")
    found = document(softaudit("sweep", "two.npz", "--key", "b", *SHORT, "--output-format=json"))
    assert (found["source"]["key"], found["range"]) == ("b", [-12.0, 6.0])


def test_rows_that_are_sampled_and_another_axis(softaudit):
    np.save("a.npy", np.arange(24.0).reshape(3, 8))
    options = ("--sample", "2", "--axis", "0", *SHORT)
    found = document(softaudit("sweep", "a.npy", *options, "--output-format", "json"))
    assert found["sampled"] == 2
    assert found["source"]["axis"] == 0
    assert found["cells"][0]["points"][0]["rows"]["audited"] == 2
    assert "2 rows sampled evenly" in softaudit("sweep", "a.npy", *options).out


def test_settings_choose_cells_and_no_temperature(softaudit, monkeypatch):
    Path("pyproject.toml").write_text(
        '[tool.softaudit]\nformat = ["bfloat16"]\ntemperature = 0.7\noutput-format = "csv"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("SOFTAUDIT_TEMPERATURE", "3")
    monkeypatch.setenv("SOFTAUDIT_FUNCTION", "logsumexp")
    found = document(softaudit("sweep", "[1, 0]", "--points", "2", "--output-format", "json"))
    assert found["grid"] == [0.05, 20.0]
    assert {cell["name"].rpartition("/")[0] for cell in found["cells"]} == {"logsumexp/bfloat16"}


def test_figures_do_not_depend_on_the_jobs(softaudit):
    np.save("a.npy", ROWS)
    options = ("sweep", "a.npy", *SHORT, "--output-format", "json", "--jobs")
    assert softaudit(*options, "1").out == softaudit(*options, "2").out


def interrupted_after(questions: int, monkeypatch) -> None:
    asked = iter([False] * questions)

    @contextmanager
    def deferred():
        yield lambda: next(asked, True)

    monkeypatch.setattr("softaudit.cli.interrupt.deferred", deferred)


def test_an_interrupt_prints_what_is_done(softaudit, monkeypatch):
    np.save("a.npy", ROWS)
    interrupted_after(2, monkeypatch)  # asked before the first audit and after its block
    found = softaudit("sweep", "a.npy", *SHORT, "--output-format", "json")
    assert found.code == 130
    swept = json.loads(found.out)["sweep"]
    assert swept["partial"] == 1
    assert [p["temperature"] for p in swept["cells"][0]["points"]] == [0.5]
    interrupted_after(0, monkeypatch)
    found = softaudit("sweep", "a.npy", *SHORT)
    assert found.code == 130
    assert "interrupted after 0 temperatures" in found.out


def test_progress_is_told_in_rows_that_are_done_at_every_temperature(softaudit, monkeypatch):
    times = iter(range(0, 100_000, 3))
    monkeypatch.setattr("softaudit.cli.progress.source.monotonic", lambda: float(next(times)))
    monkeypatch.delenv("CI", raising=False)
    np.save("a.npy", np.tile(ROWS, (50, 1)))
    ended = softaudit("sweep", "a.npy", *SHORT, "--progress", "always", "--output-format", "json")
    lines = ended.err.splitlines()
    assert "a.npy: 100 rows of 3 logits will take about" in ended.err
    assert any("of 100 rows" in line for line in lines)
    json.loads(ended.out)
