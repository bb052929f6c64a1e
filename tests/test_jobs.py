"""The same report to the bit, however rows are cut into blocks and shared among processes."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import softaudit
from softaudit.audit import audit
from softaudit.errors import SoftauditError
from softaudit.plan import make_plan
from softaudit.sources import read
from softaudit.sources.array import from_array

from .hard_rows import HARD_ROWS

OPTIONS = {"function": ("softmax", "log_softmax", "logsumexp"), "format": ("float16", "float32")}


def padded(rows) -> np.ndarray:
    longest = max(map(len, rows))
    return np.array([row + [-np.inf] * (longest - len(row)) for row in rows])


HARD = padded(list(HARD_ROWS.values()))


def report(logits, **rest) -> str:
    """Give all that is reported, as bytes would hold it."""
    return softaudit.render(audit(logits, make_plan(OPTIONS), **rest), "json")


@pytest.fixture
def _shared(monkeypatch):
    monkeypatch.setattr(sys.modules["softaudit.audit"], "WORTH_SHARING", 0)


@given(rows=st.lists(st.sampled_from(list(HARD_ROWS.values())), min_size=2, max_size=9),
       block=st.integers(1, 400))  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_no_block_size_changes_a_byte(rows, block):
    logits = from_array(padded(rows))
    assert report(logits, block=block) == report(logits)


@pytest.mark.parametrize("block", [1, 4095, 8192, 70_000, 1 << 20])
def test_no_block_size_changes_a_byte_of_wide_rows(block):
    """Rows of several chunks, with repeats enough that narrow formats look them up, or not."""
    rng = np.random.default_rng(8)
    rows = np.concatenate([rng.normal(0, 4, (3, 9001)), rng.integers(-9, 9, (3, 9001))])
    rows[1, ::5], rows[4, 7] = -np.inf, np.nan
    logits = from_array(rows)
    assert report(logits, block=block) == report(logits)


def in_memory(_path):
    return from_array(HARD.reshape(-1, 2, HARD.shape[-1])[:, ::-1])


def mapped(path):
    np.save(path, HARD)
    return read(str(path))[0]


def stored_in_an_archive(path):
    np.savez(path.with_suffix(".npz"), other=np.zeros(3), x=HARD)
    return read(str(path.with_suffix(".npz")), key="x")[0]


def fortran_order_along_another_axis_packed(path):
    """Unpacked into a file without a name, of which the processes get a copy."""
    np.savez_compressed(path.with_suffix(".npz"), x=np.asfortranarray(HARD.T))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("softaudit.sources.npz.IN_MEMORY", 0)
        return read(str(path.with_suffix(".npz")), axis=0)[0]


def bfloat16_in_safetensors(path):
    """Behind an odd number of bytes: at no multiple of two."""
    with np.errstate(invalid="ignore", over="ignore"):
        data = HARD.astype(ml_dtypes.bfloat16).tobytes()
    entries = {"i": ("I8", [1], (0, 1)), "x": ("BF16", HARD.shape, (1, 1 + len(data)))}
    names = "dtype", "shape", "data_offsets"
    header = json.dumps(
        {key: dict(zip(names, entry, strict=True)) for key, entry in entries.items()}
    )
    path = path.with_suffix(".safetensors")
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + b"\0" + data)
    return read(str(path), key="x")[0]


@pytest.mark.processes
@pytest.mark.usefixtures("_shared")
@pytest.mark.parametrize(
    ("source", "jobs"),
    [(in_memory, 2), (mapped, 3), (stored_in_an_archive, 2),
     (fortran_order_along_another_axis_packed, 2), (bfloat16_in_safetensors, 3)],
    ids=lambda value: getattr(value, "__name__", value),
)  # fmt: skip
def test_no_number_of_processes_changes_a_byte(source, jobs, tmp_path):
    logits = source(tmp_path / "a.npy")
    assert report(logits, block=60, jobs=jobs) == report(logits)


def test_small_work_is_not_shared(monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr("softaudit.jobs.share", refuse)
    assert report(from_array(HARD), jobs=8)


@pytest.mark.processes
@pytest.mark.usefixtures("_shared")
def test_an_interrupt_leaves_the_first_rows_whole():
    rows = np.tile(HARD, (60, 1))
    plan = make_plan(OPTIONS)
    found = audit(from_array(rows), plan, block=60, jobs=2, heard=lambda _: True)
    assert found.partial is not None
    assert 0 < found.partial < len(rows)
    first = audit(from_array(rows[: found.partial]), plan)
    for cell, same in zip(found.cells, first.cells, strict=True):
        assert (cell.rows, cell.ulp, cell.histogram) == (same.rows, same.ulp, same.histogram)


@pytest.mark.processes
@pytest.mark.usefixtures("_shared")
def test_a_process_that_is_killed():
    def kill(_):
        for process in multiprocessing.active_children():
            process.kill()
        return False

    rows = np.tile(HARD, (20, 1))
    with pytest.raises(SoftauditError, match="try --jobs 1"):
        audit(from_array(rows), make_plan(OPTIONS), block=60, jobs=2, heard=kill)
    assert not multiprocessing.active_children()


@pytest.mark.usefixtures("_shared")
def test_no_room_to_share(monkeypatch):
    """Of the disk: what the processes count together has its room by then."""
    counted = multiprocessing.Value("q", 0)
    monkeypatch.setattr(
        "tempfile.mkstemp", lambda **_: (os.open("/dev/full", os.O_WRONLY), "/dev/null/nowhere")
    )
    monkeypatch.setattr("pathlib.Path.unlink", lambda *_, **__: None)
    with pytest.raises(SoftauditError, match=r"No space left on device.*set TMPDIR"):
        audit(from_array(HARD), make_plan(OPTIONS), block=60, jobs=2)
    assert counted.value == 0


@pytest.mark.processes
def test_ctrl_c_ends_all_processes(tmp_path):
    """A terminal sends the interrupt to the whole group; what is done is printed."""
    rows = np.random.default_rng(1).normal(0, 4, (500, 30_000)).astype(np.float32)
    np.save(tmp_path / "a.npy", rows)
    command = [sys.executable, "-m", "softaudit", "check", "a.npy", "--jobs", "2",
               "--output-format", "json", "--progress", "always"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert "rows" in process.stderr.readline()  # the first line of progress
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert '"partial": null' not in out
    assert "Traceback" not in err


def test_what_the_python_face_gives():
    found = softaudit.audit(HARD, jobs=2, format="float16")
    assert found.partial is None


@pytest.mark.processes
@pytest.mark.usefixtures("_shared")
def test_a_file_that_is_gone_or_another(tmp_path):
    logits = mapped(tmp_path / "a.npy")
    (tmp_path / "a.npy").unlink()
    with pytest.raises(SoftauditError, match="no such file or directory, while it was read"):
        audit(logits, make_plan(OPTIONS), block=60, jobs=2)


def unpacked(rows):
    np.savez_compressed("a.npz", x=rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("softaudit.sources.npz.IN_MEMORY", 0)
        (logits,) = read("a.npz")
    Path("a.npz").unlink()
    return logits


@pytest.mark.processes
@pytest.mark.usefixtures("_shared")
def test_no_copy_is_left_behind(tmp_path, monkeypatch):
    """It is gone as soon as all have mapped it, while they still work on it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    seen = []

    def heard(_):
        seen.append(len(list(tmp_path.iterdir())))
        return False

    audit(unpacked(np.tile(HARD, (6, 1))), make_plan(OPTIONS), block=600, jobs=2, heard=heard)
    assert list(tmp_path.iterdir()) == []
    assert seen[-1] == 0


PATIENCE = """
import multiprocessing, os, sys, time
import numpy as np
import softaudit.audit
sys.modules["softaudit.audit"].WORTH_SHARING = 0
from softaudit.plan import make_plan
from softaudit.sources.array import from_array

def heard(done):
    print(*(p.pid for p in multiprocessing.active_children()), flush=True)
    return False

if __name__ == "__main__":
    rows = np.random.default_rng(1).normal(0, 4, (20_000, 300))
    audit = sys.modules["softaudit.audit"].audit
    audit(from_array(rows), make_plan({}), block=3000, jobs=2, heard=heard)
"""


@pytest.mark.processes
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_processes_end_with_the_one_that_began_them(how, tmp_path):
    (tmp_path / "a.py").write_text(PATIENCE)
    process = subprocess.Popen(
        [sys.executable, "a.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    team = [int(pid) for pid in process.stdout.readline().split()]
    assert len(team) == 2
    process.send_signal(how)
    process.communicate(timeout=30)
    until = time.monotonic() + 20
    while time.monotonic() < until and any(Path(f"/proc/{pid}").exists() for pid in team):
        time.sleep(0.1)
    assert not any(Path(f"/proc/{pid}").exists() for pid in team)


@pytest.mark.processes
def test_impatience_ends_it(tmp_path):
    """Several interrupts, one soon after the other: all processes are gone at once."""
    rows = np.random.default_rng(1).normal(0, 4, (500, 30_000)).astype(np.float32)
    np.save(tmp_path / "a.npy", rows)
    command = [sys.executable, "-m", "softaudit", "check", "a.npy", "--jobs", "2",
               "--progress", "always"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert "rows" in process.stderr.readline()
    for _ in range(4):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.02)
    _, err = process.communicate(timeout=20)  # which waits for whoever holds its standard error
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in err
