"""softaudit invariance: the command, its exit codes, and a function in a process of its own."""

from __future__ import annotations

import csv
import io
import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import typer

from softaudit.cli.invariance import end
from softaudit.errors import UnjudgedError

from ..studies.asked import asked

KERNELS = """
import numpy as np

def softmax(x):
    units = x.strides[-1] // x.itemsize - 1
    return np.full(x.shape, 0.25 + units * 2.0**-12, x.dtype)

def refuses(x):
    raise ValueError("no thanks")
"""
"""Of rows of four equal logits the exact softmax is ¼, and its last place in float16 is 2^-12."""

EQUAL = "[[1,1,1,1],[2,2,2,2]]"
NARROW = ("--format", "float16", "--probe", "layout")


@pytest.fixture
def kernels():
    Path("kernels.py").write_text(KERNELS, encoding="utf-8")


def ulps(ended):
    lines = csv.DictReader(io.StringIO(ended.out))
    return {(line["name"], line["way"]): line["ulp"] for line in lines}


def test_a_users_function_is_asked_in_every_layout(softaudit, kernels):
    ended = softaudit("invariance", EQUAL, "kernels.py:softmax", "stable", *NARROW,
                      "--output-format", "csv")  # fmt: skip
    assert (ended.code, ended.err) == (
        2,
        "softaudit: nothing was asked of stable: our algorithms "
        "are given contiguous rows, whatever the layout\n",
    )
    assert ulps(ended) == {
        ("softmax/float16/kernels.softmax", "transposed"): "1.0",  # two rows apart
        ("softmax/float16/kernels.softmax", "strided"): "1.0",
        ("softmax/float16/stable", ""): "",
        ("log_softmax/float16/stable", ""): "",
    }


def test_a_users_function_is_asked_for_what_its_name_says(softaudit):
    Path("k.py").write_text("def fused_logsumexp(x): return x[..., 0]\n", encoding="utf-8")
    ended = softaudit("invariance", EQUAL, "k.py:fused_logsumexp", *NARROW, "--output-format",
                      "csv")  # fmt: skip
    assert {name for name, _ in ulps(ended)} == {"logsumexp/float16/k.fused_logsumexp"}


def test_every_output_goes_to_a_file_as_well(softaudit):
    words = ("invariance", EQUAL, "stable", *NARROW, "--probe", "run")
    names = {"table": "a.txt", "json": "a.json", "csv": "a.csv", "markdown": "markdown:a.log"}
    files = [part for name in names.values() for part in ("-o", name)]
    ended = softaudit(*words, *files, "--output-format", "json")
    assert (ended.code, ended.err) == (0, "")
    for kind, name in names.items():
        text = Path(name.rpartition(":")[2]).read_bytes().decode()
        assert text == softaudit(*words, "--output-format", kind).out


def test_other_outputs_that_are_set_are_not_its_own(softaudit):
    setting = '[tool.softaudit]\noutput-format = "sarif"\n'
    Path("pyproject.toml").write_text(setting, encoding="utf-8")
    assert "same" in softaudit("invariance", EQUAL, "stable", *NARROW, "--probe", "run").out


def test_an_answer_that_is_missing_is_no_verdict(softaudit, kernels):
    words = ("invariance", EQUAL, "naive", "kernels.py:refuses", *NARROW)
    ended = softaudit(*words, "--probe", "run")
    assert (ended.code, ended.err) == (0, "")
    assert "raises ValueError: no thanks" in " ".join(ended.out.split())
    ended = softaudit(*words, "--probe", "run", "--most", "1", "--quiet")
    assert ended.code == 2
    assert "no answer to judge by --most: raises ValueError: no thanks" in ended.err


@pytest.mark.parametrize(
    ("name", "most", "code"),
    [("stable", "0", 0), ("naive", "1e300", 1), ("naive", "inf", 0), ("naive", None, 0)],
)
def test_a_limit_decides_the_exit_code(softaudit, name, most, code):
    """Stable subtracts what was added; naive overflows, which is ∞ away."""
    limit = () if most is None else ("--most", most)
    ended = softaudit("invariance", "[[0, 0]]", name, "--probe", "shift", *limit)
    assert (ended.code, ended.err) == (code, "")


@pytest.mark.parametrize(("most", "code"), [(0.0, 1), (2.9, 1), (3.0, None)])
def test_a_distance_at_the_limit_passes(most, code):
    found = asked("placed")  # 3 units apart
    if code is None:
        end(found, most)
        return
    with pytest.raises(typer.Exit) as ended:
        end(found, most)
    assert ended.value.exit_code == code


@pytest.mark.parametrize("limit", [(), ("--most", "0")])
def test_where_nothing_was_asked_it_is_no_pass(fails, limit):
    told = fails("invariance", EQUAL, "stable", *NARROW, *limit)
    assert "nothing was asked of stable: our algorithms are given contiguous rows" in told
    told = fails("invariance", EQUAL, "log1p", "--function", "softmax", *limit)
    assert "nothing was asked of log1p: has no softmax" in told


def test_what_is_done_is_shown_when_somebody_has_enough(softaudit, monkeypatch):
    @contextmanager
    def deferred():
        yield lambda: True

    monkeypatch.setattr("softaudit.cli.interrupt.deferred", deferred)
    ended = softaudit("invariance", EQUAL, "stable", "-o", "a.json")
    assert ended.code == 130
    assert "partial: interrupted after 0 cells" in " ".join(ended.out.split())
    found = json.loads(Path("a.json").read_text("utf-8"))
    assert found["invariance"]["partial"] == 0
    assert {"tool", "environment"} < found.keys()


def test_no_answer_at_all_is_a_failure():
    with pytest.raises(UnjudgedError, match="no answer, nor any other: raises ValueError"):
        end(asked("refusing"), None)


def test_which_rows(softaudit):
    np.save("a.npy", np.zeros((50, 4), dtype=np.float32))
    words = ("invariance", "a.npy", "stable", "--probe", "run", "--format", "float16")
    assert "10 rows sampled evenly" in softaudit(*words, "--sample", "10").out
    found = json.loads(softaudit(*words, "--output-format", "json").out)["invariance"]
    assert found["sampled"] is None
    assert {way["rows"] for p in found["probes"] for way in p["ways"]} == {50}
    Path("pyproject.toml").write_text("[tool.softaudit]\nsample = 20\n", encoding="utf-8")
    assert "20 rows sampled evenly" in softaudit(*words).out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("stabel",), "unknown algorithm or implementation 'stabel': did you mean stable?"),
        (("--probe", "shift,permutations"), "unknown probe 'permutations': did you mean"),
        (("--function", "softmx"), "unknown function 'softmx'"),
        (("--format", "float17"), "unknown format 'float17'"),
        (("--output-format", "xml"), "unknown output format 'xml'"),
        (("none.py:softmax",), "none.py"),
        (("--timeout", "-1"), "timeout -1: must be a positive finite number of seconds"),
        (("stable", "-o", "a.sarif"), "a.sarif: there is no sarif of this: end it in .txt .json"),
        (("kernels.py:softmax", "-o", "csv:kernels.py"), "kernels.py: is an input"),
    ],
)
def test_what_does_not_exist(fails, kernels, arguments, told):
    assert told in fails("invariance", "[12, 0]", *arguments)
    assert "no such file" in fails("invariance", "none.npy", "stable")
