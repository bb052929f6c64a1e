"""The exit codes, in one table; one of each by a process of its own.

0 done and every requirement holds; 1 a requirement does not hold; 2 the run itself failed;
130 interrupted.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from softaudit import cli

HOLDS = "softmax/float16/stable: ulp.max <= 40"
FAILS = "softmax/float16/naive: overflow.result <= 0"
"""exp(12) overflows in float16, and inf over inf is nan."""

POLICY = """
format = "float16"
inputs = ["a.npy"]
[[require]]
where = "softmax/float16/{algorithm}"
metric = "overflow.result"
at-most = 0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a folder with one file of each kind; no case writes over another's."""
    here = tmp_path_factory.mktemp("table")
    before = Path.cwd()
    os.chdir(here)
    np.save("a.npy", np.array([[12.0, 1.0], [0.0, -3.0]]))
    np.save("empty.npy", np.empty((0, 3)))
    Path("holds.toml").write_text(POLICY.format(algorithm="stable"), encoding="utf-8")
    Path("fails.toml").write_text(POLICY.format(algorithm="naive"), encoding="utf-8")
    Path("broken.toml").write_text("[[require]", encoding="utf-8")
    made = ["check", "a.npy", "--format", "float16", "-q", "-o", "saved.json"]
    assert cli.run([*made, "--write-baseline", "base.txt"]) == 0
    base = Path("base.txt").read_text(encoding="utf-8")
    Path("better.txt").write_text(base.replace('"overflow.nan": 1, ', ""), encoding="utf-8")
    Path("torn.txt").write_text(base[:-30], encoding="utf-8")
    newer = base.replace('"softaudit_baseline": 1', '"softaudit_baseline": 2')
    Path("newer.txt").write_text(newer, encoding="utf-8")
    saved = json.loads(Path("saved.json").read_text(encoding="utf-8"))
    for name, change in {
        "skipped.json": lambda d: d["skipped"].append({"source": "b.npy", "reason": "torn"}),
        "partial.json": lambda d: d["audits"][0].update(partial=d["audits"][0]["source"]["rows"]),
        "undecided.json": undecide,
    }.items():
        document = json.loads(json.dumps(saved))
        change(document)
        Path(name).write_text(json.dumps(document), encoding="utf-8")
    os.chdir(before)
    return here


def undecide(document) -> None:
    reference = document["audits"][0]["reference"]
    reference["undecided"] = reference["tiers"]["undecided"] = 1


F16 = "--format=float16"
CASES = [
    # 0: done, and every requirement holds.
    (0, "check [12,1]", "", ""),
    (0, f"check a.npy {F16} --require", HOLDS, ""),
    (0, "gate --policy holds.toml", "", ""),
    (0, "gate saved.json --baseline base.txt", "", ""),
    (0, f"gate a.npy {F16} --exit-zero --require", FAILS, ""),
    (0, f"report a.npy empty.npy {F16} -q", "", ""),
    # 1: a requirement does not hold, or something is worse than the baseline.
    (1, f"check a.npy {F16} --require", FAILS, ""),
    (1, f"gate a.npy {F16} --require", FAILS, ""),
    (1, "gate --policy fails.toml", "", ""),
    (1, "gate saved.json --require", FAILS, ""),
    (1, f"report a.npy {F16} --require", FAILS, ""),
    (1, "gate saved.json --baseline better.txt", "", ""),
    # 2: the run itself failed, whatever else holds or not, and whatever is excused.
    (2, "gate saved.json --exit-zero", "", "nothing is required"),
    (2, "gate empty.npy --exit-zero --require", HOLDS, "has no elements"),
    (2, "gate --policy broken.toml --exit-zero", "", "broken.toml: cannot be read"),
    (2, "gate saved.json --exit-zero --baseline torn.txt", "", "torn.txt, line"),
    (2, "gate saved.json --exit-zero --baseline newer.txt", "", "a newer softaudit wrote it"),
    (2, "gate skipped.json --exit-zero --require", HOLDS, "b.npy: was skipped: torn"),
    (2, "gate partial.json --exit-zero --require", HOLDS, "a.npy: is partial"),
    (2, "gate undecided.json --exit-zero --require", HOLDS, "1 exact values are undecided"),
    (2, f"report empty.npy {F16} --exit-zero", "", "nothing could be audited"),
    (2, "gate saved.json --exit-zero --require", "softmax/float64/*: ulp.max <= 1", "no cell"),
]


@pytest.mark.parametrize(
    ("code", "words", "last", "says"), CASES, ids=[f"{c[0]} {c[1]} {c[2]}" for c in CASES]
)
def test_exit_code(softaudit, folder, monkeypatch, code, words, last, says):
    monkeypatch.chdir(folder)
    there = sorted(Path().iterdir())
    assert_ended(softaudit(*words.split(), *filter(None, [last])), code, says)
    assert sorted(Path().iterdir()) == there


def assert_ended(ended, code, says) -> None:
    assert ended.code == code, ended.err
    if code == 2:
        assert ended.out == ""
        assert ended.err.startswith("softaudit: ")
        assert ended.err.count("\n") == 1
        assert says in ended.err
    else:
        assert ended.err == ""
        assert ended.out


@pytest.mark.processes
@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_process_ends_with_it(process, folder, monkeypatch, code):
    monkeypatch.chdir(folder)
    _, words, last, says = next(case for case in CASES if case[0] == code and case[2])
    assert_ended(process(*words.split(), last), code, says)


@pytest.mark.processes
@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_interrupted(tmp_path):
    """130, also of a gate that excuses failures; nothing is judged, and no baseline written."""
    rows = np.random.default_rng(1).normal(0, 4, (400, 30_000)).astype(np.float32)
    np.save(tmp_path / "a.npy", rows)
    command = [sys.executable, "-m", "softaudit", "gate", "a.npy", "--exit-zero", "--jobs", "1",
               "--require", HOLDS, "--write-baseline", "base.txt", "-o", "result.json",
               "--progress", "always"]  # fmt: skip
    running = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert "rows" in running.stderr.readline()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert err.endswith("softaudit: interrupted\n")
    assert "partial: interrupted after" in out
    assert "passes" not in out
    assert {path.name for path in tmp_path.iterdir()} == {"a.npy", "result.json"}
    document = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert document["audits"][0]["partial"] is not None
    assert document["judgement"] is None


@pytest.mark.processes
@pytest.mark.skipif(os.name != "posix", reason="needs pipes that break")
def test_a_reader_that_leaves_changes_no_exit_code(tmp_path):
    """And no file: both are as they would be, had somebody read to the end."""
    np.save(tmp_path / "a.npy", np.array([[12.0, 1.0]]))
    command = [sys.executable, "-m", "softaudit", "gate", "a.npy", F16, "--require", FAILS,
               "-o", "result.json"]  # fmt: skip
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
    document = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert document["judgement"]["passed"] is False
