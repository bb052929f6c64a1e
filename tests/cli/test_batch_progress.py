"""Progress of a batch: how far it is, for people; and a line for each file, wherever it goes."""

from __future__ import annotations

import os
import pty
import sys
from contextlib import suppress
from typing import TextIO

import pytest

from softaudit.cli.progress import MODES, BatchProgress, bar, batch

MB = 1_000_000
FILES = [("a.npy", 10 * MB), ("b.npy", 20 * MB), ("c.csv", 30 * MB), ("d.npz", 40 * MB)]


class Clock:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    for name in ("CI", "TERM"):
        monkeypatch.delenv(name, raising=False)
    clock = Clock()
    for module in (bar, batch):
        monkeypatch.setattr(module, "monotonic", clock)
    return clock


@pytest.fixture
def err(clock, capsys):
    """Give what reads standard error, which is no terminal, as lines."""

    def lines() -> list[str]:
        return capsys.readouterr().err.splitlines()

    return lines


@pytest.fixture
def terminal(clock, monkeypatch):
    """Give what tells a batch's progress on a terminal so wide, and returns what it got."""

    def told(tell, columns: int, *, verbose=False, files=FILES, **environment: str) -> str:
        mine, theirs = pty.openpty()
        for name, value in {"COLUMNS": str(columns), "TERM": "xterm", **environment}.items():
            monkeypatch.setenv(name, value)
        with open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123  # a descriptor
            monkeypatch.setattr(sys, "stderr", stream)
            with BatchProgress("auto", verbose, files) as progress:
                tell(progress)
            stream.write("END")
            stream.flush()
            shown = b""
            while not shown.endswith(b"END"):
                shown += os.read(mine, 4096)
        os.close(mine)
        return shown.decode().removesuffix("END")

    return told


def test_a_line_every_five_seconds_where_there_is_no_terminal(clock, err):
    with BatchProgress("always", False, FILES) as progress:
        progress.begun("a.npy")
        for clock.now in (0.5, 1.0, 2.0, 5.9):
            progress.tick()
        assert err() == ["softaudit: 0 of 4 files, 0 logits"]
        clock.now = 10.0
        progress.finished("a.npy", 2_500_000, 10.0)
    assert err() == [
        # 10 MB in 10 s, and 90 MB to go.
        "softaudit: 1 of 4 files, 2.5 M logits, 250.0 k logits/s, 90 s left"
    ]


def test_speed_and_time_left_are_those_of_what_was_computed(clock, err):
    with BatchProgress("always", False, FILES) as progress:
        progress.taken_over("a.npy", 2_000_000)
        clock.now = 0.9
        progress.skipped("b.npy", "an empty file")
        progress.begun("c.csv")
        progress.begun("d.npz")
        clock.now = 10.9
        progress.within("d.npz", 5e6, 10_000_000)
    # Of the 70 MB of c and d, 20 MB were done in 10 s.
    assert err() == [
        "softaudit: 2 of 4 files, 1 taken over, 1 skipped, 7.0 M logits, 500.0 k logits/s, "
        "25 s left"
    ]


def test_no_time_left_before_it_is_worth_something(clock, err):
    with BatchProgress("always", False, FILES) as progress:
        progress.begun("d.npz")
        for clock.now, megabytes in ((1.9, 2), (7.0, 3), (12.0, 4)):
            progress.within("d.npz", megabytes * MB / 4, 10 * MB)
    assert [line.rpartition(", ")[2] for line in err()] == [
        "263.2 k logits/s",
        "4 min left",  # 97 MB at 3 MB in 7 s
        "5 min left",  # 96 MB at 4 MB in 12 s
    ]


def test_less_than_a_hundredth_of_the_bytes_tells_no_time_left(clock, err):
    with BatchProgress("always", False, FILES) as progress:
        progress.begun("a.npy")
        clock.now = 9.0
        progress.within("a.npy", 90_000, 2_500_000)
    assert err() == ["softaudit: 0 of 4 files, 90.0 k logits, 10.0 k logits/s"]


def test_the_arrays_of_a_file_add_up(clock, err):
    with BatchProgress("always", False, FILES) as progress:
        progress.begun("d.npz")
        for clock.now, done in ((10.0, 1_250_000), (15.0, 250_000)):
            progress.within("d.npz", done, 1_250_000)
    # Of as many logits as are done there are 8 bytes each at most: 10 of 100 MB, then 12.
    assert err() == [
        "softaudit: 0 of 4 files, 1.2 M logits, 125.0 k logits/s, 90 s left",
        "softaudit: 0 of 4 files, 1.5 M logits, 100.0 k logits/s, 2 min left",
    ]


def test_a_line_for_each_file(clock, err):
    with BatchProgress("never", True, FILES) as progress:
        progress.taken_over("a.npy", 640)
        progress.begun("b.npy")
        progress.finished("b.npy", 69192, 0.42, "3 inputs, breaks in 5 of 24 cells")
        progress.begun("c.csv")
        progress.skipped("c.csv", "line 3: 4 columns, 5 expected as in line 1")
        progress.finished("d.npz", 1, 250.0)
    assert err() == [
        "softaudit: 1/4 a.npy: 640 logits, taken over",
        "softaudit: 2/4 b.npy: 69192 logits, 0.4 s, 3 inputs, breaks in 5 of 24 cells",
        "softaudit: 3/4 c.csv: skipped: line 3: 4 columns, 5 expected as in line 1",
        "softaudit: 4/4 d.npz: 1 logit, 4 min",
    ]


@pytest.mark.parametrize("mode", ["auto", "never"])
def test_silent_where_nobody_watches(clock, err, mode):
    with BatchProgress(mode, False, FILES) as progress:
        _work(progress, clock)
    assert err() == []


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb")])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_bar_in_ci_and_on_a_dumb_terminal(terminal, clock, name, value, verbose):
    shown = terminal(lambda told: _work(told, clock), 80, verbose=verbose, **{name: value})
    assert shown == ("softaudit: 1/4 a.npy: 1000 logits, 2.0 s\r\n" if verbose else "")


def _work(progress, clock):
    """Do one file, and half of another."""
    progress.begun("a.npy")
    clock.now += 2.0
    progress.finished("a.npy", 1000, 2.0)
    progress.begun("b.npy")
    clock.now += 2.0
    progress.within("b.npy", 2_500_000, 5_000_000)


# 20 of 100 MB and 2.5 million logits in 4 s.
@pytest.mark.parametrize(
    ("columns", "parts"),
    [
        (36, ("1 of 4 files",)),
        (45, ("1 of 4 files", "16 s left")),
        (60, ("1 of 4 files", "625.2 k logits/s", "16 s left")),
        (70, ("1 of 4 files", "2.5 M logits", "625.2 k logits/s", "16 s left")),
        (80, ("━", "1 of 4 files", "2.5 M logits", "625.2 k logits/s", "16 s left")),
        (140, ("b.npy ", "━", "1 of 4 files", "2.5 M logits", "625.2 k logits/s", "16 s left")),
    ],
)
def test_a_narrow_terminal_drops_parts_whole(terminal, clock, columns, parts):
    shown = terminal(lambda told: _work(told, clock), columns)
    every = ("b.npy ", "━", "1 of 4 files", "2.5 M logits", "625.2 k logits/s", "16 s left")
    assert tuple(part for part in every if part in shown) == parts
    assert "…" not in shown
    assert shown.endswith("\x1b[2K")  # gone in the end


def test_lines_stand_above_the_bar(terminal, clock):
    def tell(progress):
        _work(progress, clock)
        progress.finished("b.npy", 2000, 2.5, "[bold]as it stands[/bold] :smile:")

    shown = terminal(tell, 80, verbose=True)
    line = "softaudit: 2/4 b.npy: 2000 logits, 2.5 s, [bold]as it stands[/bold] :smile:\r\n"
    assert line in shown
    assert "of 4 files" in shown[: shown.index(line)]
    assert "of 4 files" in shown[shown.index(line) :]


def test_a_long_name_is_shortened_from_the_left(terminal, clock):
    name = "checkpoint1000/layer17/attention/head3.npy"

    def tell(progress):
        progress.begun(name)
        clock.now = 2.0
        progress.tick()

    assert "\x1b[?25l…000/layer17/attention/head3.npy " in terminal(tell, 140, files=[(name, 10)])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["none", "closed", "pipe", "terminal"])
def test_standard_error_that_is_gone_stops_nothing(clock, monkeypatch, mode, kind):
    stream = _gone(kind)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with BatchProgress(mode, True, FILES) as progress:
        _work(progress, clock)
        progress.skipped("c.csv", "an empty file")
        progress.taken_over("d.npz", 3)
        clock.now += 10.0
        progress.tick()
    assert progress._state.ended == 3
    if stream is not None:
        with suppress(OSError):
            stream.close()


def _gone(kind: str) -> TextIO | None:
    """Give a stream that nobody reads any more."""
    if kind == "none":
        return None
    read, write = os.pipe() if kind == "pipe" else pty.openpty()
    stream = open(write, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    os.close(read)
    if kind == "closed":
        stream.close()
    return stream


def test_files_of_no_bytes(clock, err):
    with BatchProgress("always", False, [("a.npy", 0)]) as progress:
        clock.now = 9.0
        progress.skipped("a.npy", "an empty file")
    assert err() == ["softaudit: 1 of 1 file, 1 skipped, 0 logits"]
