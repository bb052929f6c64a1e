"""Progress on standard error: for long work, for people, and never among the results."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import numpy as np
import pytest

from softaudit.cli.progress import MODES, Progress, duration, source


class Clock:
    """A clock that goes on by a step each time it is read."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def run(monkeypatch, capsys):
    """Give what tells so many rows, one every so many seconds, and returns standard error."""
    for name in ("CI", "TERM"):
        monkeypatch.delenv(name, raising=False)

    def tell(mode: str, seconds: float, rows: int = 10, told: int | None = None) -> str:
        monkeypatch.setattr(source, "monotonic", Clock(seconds))
        with Progress(mode, lambda: False).of("a.npy", rows, 1000) as heard:
            for done in range(1, (rows if told is None else told) + 1):
                assert heard(done) is False
        return capsys.readouterr().err

    return tell


def test_short_work_is_silent(run):
    for mode in MODES:
        assert run(mode, 0.05) == ""


def test_long_work_names_a_way_to_less(run):
    assert run("auto", 4.0) == (
        "softaudit: a.npy: 10 rows of 1000 logits will take about 40 s; --sample 2 about 8 s\n"
    )


def test_work_of_hours(run):
    line = run("auto", 30.0, rows=1000, told=3)
    assert "take about 8.3 h; --sample 1 about 30 s" in line


def test_a_sample_of_one_row_of_two(run):
    line = run("auto", 50.0, rows=2, told=1)
    assert (
        line
        == "softaudit: a.npy: 2 rows of 1000 logits will take about 2 min; --sample 1 about 50 s\n"
    )


def test_never_is_never(run):
    assert run("never", 100.0) == ""


def test_ci_is_quiet(run, monkeypatch):
    monkeypatch.setenv("CI", "true")
    assert run("auto", 4.0) == ""


def test_always_prints_lines_where_there_is_no_terminal(run):
    lines = run("always", 3.0, rows=8, told=4).splitlines()
    assert lines == [
        "softaudit: a.npy: 1 of 8 rows, 333 logits/s, 21 s left",
        "softaudit: a.npy: 3 of 8 rows, 333 logits/s, 15 s left",
    ]


def test_a_part_of_a_long_row_counts(run, monkeypatch, capsys):
    monkeypatch.setattr(source, "monotonic", Clock(20.0))
    with Progress("always", lambda: False).of("a.npy", 1, 10**8) as heard:
        heard(0.25)
    err = capsys.readouterr().err
    assert "a.npy: 1 row of 100000000 logits will take about 80 s\n" in err
    assert "a.npy: 25 % of 1 row, 1.2 M logits/s, 60 s left" in err


def test_nothing_is_said_where_standard_error_is_closed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(source, "monotonic", Clock(10.0))
    for mode in MODES:
        with Progress(mode, lambda: False).of("a.npy", 9, 1000) as heard:
            heard(1)
    assert capsys.readouterr().out == ""


def test_the_answer_is_whether_to_stop():
    with Progress("never", lambda: True).of("a.npy", 3, 4) as heard:
        assert heard(1) is True


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (99, "99 s"), (100, "2 min"), (5999, "100 min"), (7200, "2.0 h")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.processes
def test_a_bar_on_a_terminal(tmp_path):
    """It shows rows, speed and time left, and is gone at the end."""
    np.save(tmp_path / "a.npy", np.random.default_rng(1).normal(0, 4, (60, 30_000)).astype("f4"))
    mine, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "CI"} | {"TERM": "xterm"}
    command = [sys.executable, "-m", "softaudit", "check", "a.npy", "--jobs", "1", "--quiet"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(mine, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    out, _ = process.communicate(timeout=60)
    os.close(mine)
    text = shown.decode()
    assert "of 60 rows" in text
    assert "logits/s" in text
    assert " left" in text
    assert text.rstrip("\r\n").endswith("\x1b[2K")
    assert b"logits/s" not in out


def test_an_unknown_mode(softaudit):
    found = softaudit("check", "[1, 2]", "--progress", "often")
    assert found.code == 2
    assert "choose from auto, always, never" in found.err
