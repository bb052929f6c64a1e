"""softaudit report: many files, skips with reasons, a journal that survives, the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from softaudit.batch import run as running
from softaudit.batch import team
from softaudit.json_v1 import from_json

FEW = ("--format", "float16,float32", "--algorithm", "naive,stable", "--function", "softmax")


def save(path: str, seed: int, shape: tuple[int, ...] = (7, 5), scale: float = 5.0) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    rows = np.random.default_rng(seed).normal(0, scale, shape).astype(np.float32)
    np.save(path, rows)


@pytest.fixture
def dumps():
    """Make a directory of four files, one of them broken."""
    save("dumps/layer10.npy", 1)
    save("dumps/layer2.npy", 2, scale=40.0)
    np.savez("dumps/heads.npz", a=np.eye(3), b=np.arange(4.0))
    Path("dumps/torn.npy").write_bytes(Path("dumps/layer2.npy").read_bytes()[:-1])
    return Path("dumps")


def document(path: str) -> dict:
    return json.loads(Path(path).read_text())


def inputs(path: str) -> list[str]:
    return [audit["cells"][0]["input"] for audit in document(path)["audits"]]


def test_every_file_is_audited_as_check_does_and_the_broken_one_skipped(softaudit, dumps):
    ended = softaudit("report", "dumps", *FEW, "-o", "all.json", "--output-format", "csv")
    assert ended.code == 0
    found = document("all.json")
    assert inputs("all.json") == [
        "dumps/heads.npz:a", "dumps/heads.npz:b", "dumps/layer2.npy", "dumps/layer10.npy",
    ]  # fmt: skip
    (skipped,) = found["skipped"]
    assert skipped["source"] == "dumps/torn.npy"
    assert skipped["reason"].startswith("140 bytes of data expected for shape (7, 5)")
    assert len(ended.out.splitlines()) == 1 + 4 * 4
    softaudit("check", *sorted(map(str, dumps.glob("l*.npy"))), *FEW, "-o", "check.json")
    checked = {audit["source"]["name"]: audit for audit in document("check.json")["audits"]}
    for audit in found["audits"][2:]:
        assert audit == checked[audit["source"]["name"]]


def test_the_summary_is_over_all_files(softaudit, dumps):
    softaudit("report", "dumps", *FEW, "-o", "all.json")
    found = document("all.json")
    for number, line in enumerate(found["summary"]):
        cells = [audit["cells"][number] for audit in found["audits"]]
        assert {cell["name"] for cell in cells} == {line["name"]}
        assert line["inputs"] == 4
        assert line["elements"] == sum(cell["elements"] for cell in cells) == 9 + 4 + 35 + 35
        largest = max(float(cell["ulp"]["max"]) for cell in cells)
        assert float(line["ulp"]["max"]) == largest
        (where,) = {c["input"] for c in cells if float(c["ulp"]["max"]) == largest} or [None]
        assert line["worst"][0]["input"] == where
        assert sum(state["count"] for state in line["states"].values()) == 4
    naive = found["summary"][0]
    assert naive["name"] == "softmax/float16/naive"
    broken = [a["source"]["name"] for a in found["audits"] if a["cells"][0]["breaks"]]
    assert "dumps/layer2.npy" in broken
    assert naive["states"]["breaks"] == {"count": len(broken), "first": broken[0]}
    assert from_json(found).summary is not None


@pytest.mark.parametrize("way", ["each file to itself", "all on one file"])
@pytest.mark.processes
def test_jobs_change_no_byte(softaudit, dumps, monkeypatch, way):
    softaudit("report", "dumps", *FEW, "--jobs", "1", "-o", "one.json", "-o", "one.csv")
    monkeypatch.setattr(running, "WORTH_SHARING", 0)
    monkeypatch.setattr(sys.modules["softaudit.audit"], "WORTH_SHARING", 0)
    if way == "all on one file":
        monkeypatch.setattr(running, "_by_size", lambda files, *_: (files, ()))
    assert (
        softaudit("report", "dumps", *FEW, "--jobs", "2", "-o", "n.json", "-o", "n.csv").code == 0
    )
    assert Path("n.json").read_bytes() == Path("one.json").read_bytes()
    assert Path("n.csv").read_bytes() == Path("one.csv").read_bytes()


def test_nothing_is_left_beside_the_report(softaudit, dumps):
    softaudit("report", "dumps", *FEW, "-o", "all.json")
    assert sorted(path.name for path in Path().iterdir()) == ["all.json", "dumps"]


def test_what_a_run_writes_is_no_input_of_the_next(softaudit, dumps):
    for _ in range(2):
        assert softaudit("report", ".", *FEW, "-o", "dumps/all.csv", "-o", "all.json").code == 0
        assert len(document("all.json")["audits"]) == 4
    assert softaudit("report", "dumps/all.csv", *FEW, "-o", "dumps/all.csv").code == 2


def test_strict_exits_with_2_and_the_report_is_there(softaudit, dumps):
    options = (*FEW, "--strict", "-v", "-o", "all.json", "--journal", "j")
    ended = softaudit("report", "dumps", *options)
    assert ended.code == 2
    assert "1 of 4 files was skipped, first dumps/torn.npy: 140 bytes" in ended.err
    assert len(document("all.json")["audits"]) == 4
    save("dumps/torn.npy", 3)
    ended = softaudit("report", "dumps", *options, "--resume")
    assert ended.code == 0
    assert ended.err.count("taken over") == 3
    assert len(document("all.json")["audits"]) == 5


def test_what_is_required_has_to_hold_in_all_files(softaudit, dumps):
    required = ("--require", "softmax/float32/stable: ulp.max <= 1e6", "-o", "all.json")
    ended = softaudit("report", "dumps", *FEW, *required)
    assert ended.code == 2
    assert "1 of 4 files was skipped, so that nothing is judged" in ended.err
    assert document("all.json")["judgement"] is None
    (dumps / "torn.npy").unlink()
    assert softaudit("report", "dumps", *FEW, *required).code == 0
    judged = document("all.json")["judgement"]
    assert judged["passed"]
    assert len(judged["requirements"][0]["verdicts"]) == 4
    nothing_off = "softmax/float32/stable: ulp.max <= 0"
    assert softaudit("report", "dumps", *FEW, "--require", nothing_off, "-o", "all.json").code == 1
    assert not document("all.json")["judgement"]["passed"]


def test_a_baseline_of_many_files(softaudit, dumps):
    (dumps / "torn.npy").unlink()
    assert softaudit("report", "dumps", *FEW, "--write-baseline", "b.json").code == 0
    assert softaudit("report", "dumps", *FEW, "--baseline", "b.json").code == 0
    save("dumps/layer10.npy", 1, scale=40.0)
    assert softaudit("report", "dumps", *FEW, "--baseline", "b.json").code == 1


def test_nothing_but_broken_files_is_no_report(fails, dumps):
    text = fails("report", "dumps/torn.npy", *FEW, "-o", "all.json")
    assert text.startswith(
        "nothing could be audited: 1 of 1 file was skipped, first dumps/torn.npy"
    )
    assert not Path("all.json").exists()


def test_an_absolute_path_is_nobodys_business(softaudit, dumps, tmp_path):
    Path("elsewhere").mkdir()
    os.chdir("elsewhere")
    outputs = [word for kind in ("json", "csv", "md", "txt") for word in ("-o", f"all.{kind}")]
    assert softaudit("report", str(tmp_path / "dumps"), *FEW, *outputs).code == 0
    assert inputs("all.json")[-1] == "dumps/layer10.npy"
    for path in Path().iterdir():
        assert str(tmp_path) not in path.read_text()


def test_verbose_says_a_line_for_each_file(softaudit, dumps):
    lines = softaudit("report", "dumps", *FEW, "-v", "-o", "all.json").err.splitlines()
    assert len(lines) == 4
    assert any("dumps/heads.npz: 13 logits" in line and "2 arrays" in line for line in lines)
    assert any("dumps/torn.npy: skipped: 140 bytes" in line for line in lines)


def test_files_of_other_types_are_counted(softaudit, dumps):
    (dumps / "notes.md").write_text("x")
    (dumps / ".hidden.npy").write_text("x")
    (dumps / "rows.dat").write_text("1,2,3\n")
    ended = softaudit("report", "dumps", *FEW, "-o", "all.json")
    line = "softaudit: 2 files of other types left out (1 .dat, 1 .md); --include takes them\n"
    assert ended.err == line
    ended = softaudit("report", "dumps", *FEW, "-o", "all.json", "--include", "*.dat")
    assert inputs("all.json") == ["dumps/rows.dat"]


def test_options_that_files_cannot_make_right_fail_at_once(fails, dumps):
    assert "unknown format" in fails("report", "dumps", "--format", "float17")
    assert "--resume: name the output again with -o" in fails("report", "dumps", "--resume")
    none_left = fails("report", "dumps", "--temperature", "1e-60", *FEW)
    assert none_left.startswith("no cell is left to compute: temperature 1e-60 becomes 0")


# -- resume


def finished(path: Path) -> int:
    """Count the files that a journal says are done."""
    return path.read_bytes().count(b'"done"') if path.exists() else 0


def kill_after(files: int, arguments: list[str], journal: Path) -> None:
    """Run a report, and kill it with all it is, as soon as so many files are done."""
    command = [sys.executable, "-m", "softaudit", "report", *arguments]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while finished(journal) < files and run.poll() is None:
        time.sleep(0.005)
    run.kill()
    assert run.wait() == -signal.SIGKILL


@pytest.mark.processes
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_two_kills_and_a_resume_give_the_same_bytes(process, jobs):
    for i in range(9):
        save(f"dumps/layer{i}.npy", i, shape=(100, 700))
    np.savez("dumps/heads.npz", *(np.full((40, 500), float(i)) for i in range(3)))
    options = ["dumps", *FEW, "--jobs", jobs]
    outputs = [word for kind in ("json", "csv", "md") for word in ("-o", f"all.{kind}")]
    assert process("report", *options, *outputs).code == 0
    whole = {path: path.read_bytes() for path in Path().glob("all.*")}
    assert len(whole) == 3
    for path in whole:
        path.unlink()
    journal = Path("all.json.journal")
    kill_after(2, [*options, *outputs], journal)
    assert 2 <= finished(journal) < 10
    left = {path.name for path in Path().iterdir()}
    assert left == {"dumps", "all.json.journal"} or sys.platform != "linux"
    kill_after(5, [*options, *outputs, "--resume"], journal)
    assert 5 <= finished(journal) < 10
    ended = process("report", *options, *outputs, "--resume", "--verbose")
    assert ended.code == 0
    assert ended.err.count("taken over") >= 5
    assert {path: path.read_bytes() for path in whole} == whole
    assert not journal.exists()


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.processes
def test_a_process_that_dies_takes_one_file_with_it(softaudit, dumps, monkeypatch):
    """As one does that the system kills for want of memory: the others go on, and say so."""
    monkeypatch.setattr(running, "WORTH_SHARING", 0)
    begun = team._begin
    dying = iter([True])

    def begin(question):
        here, process = begun(question)
        if next(dying, False):
            os.kill(process.pid, signal.SIGKILL)
        return here, process

    monkeypatch.setattr(team, "_begin", begin)
    ended = softaudit("report", "dumps", *FEW, "--jobs", "2", "-o", "all.json")
    assert ended.code == 0
    reasons = {s["source"]: s["reason"] for s in document("all.json")["skipped"]}
    assert reasons.pop("dumps/torn.npy").startswith("140 bytes")
    ((lost, reason),) = reasons.items()
    assert "ended with -9, perhaps for want of memory" in reason
    assert len({name.partition(":")[0] for name in inputs("all.json")} | {lost}) == 3


@pytest.fixture
def resumed(softaudit, dumps):
    """Run with a journal that is kept, and give what runs again and counts what was taken over."""

    def run(*more: str) -> int:
        ended = softaudit("report", "dumps", *FEW, "--journal", "j", "-o", "all.json", "-v", *more)
        assert ended.code == 0
        return ended.err.count("taken over")

    assert run() == 0
    assert run("--resume") == 3
    return run


def test_a_file_that_changed_is_computed_anew(resumed, softaudit):
    save("dumps/layer2.npy", 99)
    assert resumed("--resume") == 2
    anew = Path("all.json").read_bytes()
    softaudit("report", "dumps", *FEW, "-o", "all.json")
    assert Path("all.json").read_bytes() == anew


@pytest.mark.parametrize(
    "other",
    ["--temperature=2", "--worst=1", "--axis=0", "--sample=2", "--elementary=correct",
     "--reference=mpmath", "--order=sequential", "--subnormals=flush"],
)  # fmt: skip
def test_an_option_that_changed_computes_all_anew(resumed, softaudit, other):
    assert resumed("--resume", other) == 0
    anew = Path("all.json").read_bytes()
    softaudit("report", "dumps", *FEW, "-o", "all.json", other)
    assert Path("all.json").read_bytes() == anew


def test_a_file_that_came_or_went_is_there_or_not(resumed):
    Path("dumps/layer2.npy").unlink()
    save("dumps/layer3.npy", 3)
    assert resumed("--resume") == 2
    assert inputs("all.json")[2:] == ["dumps/layer3.npy", "dumps/layer10.npy"]


def test_other_outputs_take_over_all(resumed):
    assert resumed("--resume", "-o", "all.csv", "--output-format", "markdown", "--jobs", "2") == 3


def test_work_is_not_lost_because_resume_was_forgotten(resumed, fails, softaudit):
    before = Path("j").read_bytes()
    text = fails("report", "dumps", *FEW, "--journal", "j")
    assert text == (
        "j: has 3 files of a run like this one; --resume takes over what is unchanged, or remove it"
    )
    assert Path("j").read_bytes() == before
    ended = softaudit("report", "dumps", *FEW, "--journal", "j", "--temperature", "2")
    assert ended.code == 0
    assert "has 3 files of other options or versions, which are done anew" in ended.err


def test_a_journal_is_no_output_and_no_input(fails, dumps):
    assert "is to be written twice" in fails("report", "dumps", "--journal", "a", "-o", "csv:./a")
    assert "no journal" in fails("report", "dumps", "--journal", "dumps/layer2.npy")


def test_logits_are_not_written_over(fails, dumps):
    np.savetxt("dumps/rows.csv", np.eye(3), delimiter=",")
    before = Path("dumps/rows.csv").read_bytes()
    assert "dumps/rows.csv: is an input" in fails("report", "dumps", "-o", "dumps/rows.csv")
    assert Path("dumps/rows.csv").read_bytes() == before


def test_keys_with_control_characters_are_shown_as_such(softaudit, dumps):
    np.savez("dumps/odd.npz", **{"a\n": np.eye(2), "b\x1b[31m": np.eye(2)})
    assert softaudit("report", "dumps", *FEW, "-o", "all.json").code == 0
    assert {"dumps/odd.npz:a\\n", "dumps/odd.npz:b\\x1b[31m"} < set(inputs("all.json"))


@pytest.mark.skipif(os.name != "posix", reason="needs named pipes")
def test_a_named_pipe_keeps_nobody_waiting(softaudit, dumps):
    os.mkfifo("dumps/pipe.npy")
    ended = softaudit("report", "dumps/*", *FEW, "-o", "all.json")
    assert ended.code == 0
    reasons = {s["source"]: s["reason"] for s in document("all.json")["skipped"]}
    assert reasons["dumps/pipe.npy"].startswith("not a regular file")


def test_settings_say_which_files(softaudit, dumps):
    Path("pyproject.toml").write_text(
        '[tool.softaudit]\nexclude = ["layer*"]\nstrict = true\nformat = "float16"\n'
    )
    ended = softaudit("report", "dumps", "--function", "softmax", "-o", "all.json")
    assert ended.code == 2
    assert {name[:14] for name in inputs("all.json")} == {"dumps/heads.np"}


# -- Ctrl-C


@pytest.fixture
def interrupted(softaudit, dumps, monkeypatch):
    """Interrupt a run before its second file."""
    with monkeypatch.context() as patch:

        @contextmanager
        def after_one():
            yield lambda: finished(Path("all.json.journal")) > 0

        patch.setattr("softaudit.cli.interrupt.deferred", after_one)
        ended = softaudit("report", "dumps", *FEW, "--jobs", "1", "-o", "all.json")
    assert ended.code == 130
    return ended


def test_what_was_done_before_ctrl_c_is_written_and_resumed(interrupted, softaudit):
    found = document("all.json")
    assert len(found["audits"]) in (1, 2)
    assert {skipped["reason"] for skipped in found["skipped"]} == {"interrupted"}
    assert len(found["skipped"]) == 3
    assert Path("all.json.journal").exists()
    ended = softaudit("report", "dumps", *FEW, "-v", "--resume", "-o", "all.json")
    assert ended.code == 0
    assert ended.err.count("taken over") == 1
    again = Path("all.json").read_bytes()
    softaudit("report", "dumps", *FEW, "-o", "all.json")
    assert Path("all.json").read_bytes() == again
