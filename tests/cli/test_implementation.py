"""check, gate and report ask somebody else's code, and judge it as algorithms of ours."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import softaudit as face
from softaudit import long_view, work
from softaudit.audit import BLOCK
from softaudit.cli.options import split_places

KERNELS = """
import numpy as np

def stable(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

def picky(x):
    if x.dtype == np.float16:
        raise ValueError("no half")
    return stable(x)

def in_place(x):
    x[:] = stable(x)
    print("done")
    return x

def gone(x):
    raise SystemExit(3)

def same(x):
    return x
"""
LOGITS = np.random.default_rng(8).normal(0, 4, (5, 9)).astype(np.float32)


@pytest.fixture(autouse=True)
def _kernels(_nothing_set):
    Path("kernels.py").write_text(KERNELS)
    np.save("logits.npy", LOGITS)


def kernels():
    scope: dict = {}
    exec(KERNELS, scope)
    return scope


def audit_of(softaudit, *arguments: str) -> dict:
    ended = softaudit("check", *arguments, "--output-format", "json")
    assert ended.code == 0, ended.err
    (audit,) = json.loads(ended.out)["audits"]
    return audit


def figures(cell) -> dict:
    """Give what a cell measured, of its name and of whose it is apart."""
    named = ("key", "by_axis", "events")
    return {n: getattr(cell, n) for n in cell.__slots__ if n not in named}


def test_code_that_runs_has_the_figures_of_what_it_returned():
    found = face.audit(LOGITS, implementation="kernels.py:stable", function="softmax")
    names = [cell.key.name for cell in found.cells]
    forms = ["float16", "bfloat16", "float32", "float64"]
    assert names == [f"softmax/{form}/kernels.stable" for form in forms]
    for cell in found.cells:
        form = cell.key.arithmetic.storage
        returned = kernels()["stable"](LOGITS.astype(form.dtype))
        (judged,) = face.judge(returned, LOGITS, format=form.name).cells
        assert figures(cell) == figures(judged)


def test_a_function_of_somebody_s_is_taken_for_softmax_alone(softaudit):
    audit = audit_of(softaudit, "logits.npy", "--implementation", "kernels.py:stable")
    assert {cell["function"] for cell in audit["cells"]} == {"softmax"}
    asked = audit_of(softaudit, "logits.npy", "--implementation", "kernels.py:same", "--function",
                     "log_softmax", "--format", "float32")  # fmt: skip
    assert [cell["name"] for cell in asked["cells"]] == ["log_softmax/float32/kernels.same"]


def test_algorithms_stand_beside_where_they_are_named(softaudit):
    audit = audit_of(softaudit, "logits.npy", "--implementation", "kernels.py:stable",
                     "--algorithm", "naive", "--function", "softmax", "--format", "float32",
                     "--against", "stable")  # fmt: skip
    assert [cell["algorithm"] for cell in audit["cells"]] == ["naive", "kernels.stable", "stable"]
    assert [cell["implementation"] for cell in audit["cells"]] == [None, "kernels.stable", None]
    naive, kernel, trusted = audit["cells"]
    assert kernel["ratio"]["ulp"]["max"] == kernel["ulp"]["max"] / trusted["ulp"]["max"]
    assert naive["against"] == kernel["against"] == "softmax/float32/stable"
    assert trusted["ratio"] is None


def test_who_is_trusted_is_asked_for_what_the_others_are(softaudit):
    """A kernel's function decides; beside the default cells it is all of theirs."""
    kernels = ("--implementation", "kernels.py:same", "--function", "log_softmax")
    audit = audit_of(softaudit, "logits.npy", *kernels, "--format", "float32", "--against",
                     "kernels.py:stable")  # fmt: skip
    assert [cell["name"] for cell in audit["cells"]] == [
        "log_softmax/float32/kernels.same",
        "log_softmax/float32/kernels.stable",
    ]
    audit = audit_of(softaudit, "logits.npy", "--against", "kernels.py:stable")
    assert len(audit["cells"]) == 24 + 8
    assert sum(cell["ratio"] is not None for cell in audit["cells"]) == 24


def test_what_fails_is_skipped_with_its_reason_and_nothing_else_is_lost(softaudit):
    asked = ",".join(f"kernels.py:{name}" for name in ("picky", "in_place", "gone"))
    audit = audit_of(softaudit, "logits.npy", "--implementation", asked, "--format",
                     "float16,float32")  # fmt: skip
    assert [cell["name"] for cell in audit["cells"]] == [
        "softmax/float16/kernels.in_place",
        "softmax/float32/kernels.picky",
        "softmax/float32/kernels.in_place",
    ]
    reasons = {skipped["cell"]: skipped["reason"] for skipped in audit["skipped"]}
    assert list(reasons) == [
        "softmax/float16/kernels.picky",
        "softmax/float16/kernels.gone",
        "softmax/float32/kernels.gone",
    ]
    assert reasons["softmax/float16/kernels.picky"].startswith(
        "kernels.picky raises ValueError: no half"
    )
    assert "exit(3)" in reasons["softmax/float32/kernels.gone"]
    in_place = next(u for u in audit["implementations"] if u["name"] == "kernels.in_place")
    assert in_place["remarks"]["softmax/float32/kernels.in_place"] == [
        "prints: 'done'",
        "writes to its input",
    ]


def test_nothing_answered_is_a_failed_run(softaudit):
    ended = softaudit("check", "logits.npy", "--implementation", "kernels.py:gone")
    assert ended.code == 2
    assert ended.out == ""
    assert "logits.npy: no cell has an answer: kernels.gone" in ended.err.splitlines()[-1]


def test_the_temperature_is_divided_by_before(softaudit):
    audit = audit_of(softaudit, "logits.npy", "--implementation", "kernels.py:same", "--format",
                     "float32", "--temperature", "3", "--function", "log_softmax",
                     "--worst", "1")  # fmt: skip
    (worst,) = audit["cells"][0]["worst"]
    i, j = worst["index"]
    assert worst["computed"] == float(LOGITS[i, j] / np.float32(3))


def test_rows_come_whole_however_long_they_are(monkeypatch):
    whole = face.audit(LOGITS, implementation="kernels.py:stable", function="softmax")
    for module in (long_view, work):
        monkeypatch.setattr(module, "WINDOW", 4)
    windows = face.audit(LOGITS, implementation="kernels.py:stable", function="softmax")
    for one, other in zip(whole.cells, windows.cells, strict=True):
        assert one.histogram == other.histogram
        assert one.worst == other.worst


def test_a_worst_element_s_command_shows_it_again(softaudit):
    audit = audit_of(softaudit, "logits.npy", "--implementation", "kernels.py:stable", "--format",
                     "float32")  # fmt: skip
    worst = audit["cells"][0]["worst"][0]
    table = softaudit("check", "logits.npy", "--implementation", "kernels.py:stable", "--format",
                      "float32").out  # fmt: skip
    lines = [line.strip() for line in table.splitlines()]
    start = next(i for i, line in enumerate(lines) if line.startswith("softaudit check"))
    end = next(i for i in range(start, len(lines)) if not lines[i] or " ULP" in lines[i])
    words = " ".join(lines[start:end]).split()
    shown = softaudit(*words[1:], "--output-format", "json")
    (table,) = json.loads(shown.out)["audits"][0]["tables"]
    element = table["elements"][worst["index"][-1]]
    result = element["results"]["softmax/float32/kernels.stable"]
    assert (result["computed"], element["exact"]) == (worst["computed"], worst["exact"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--implementation", "kernels.py:stable", "--compute", "float32"],
         "--compute is for algorithms"),
        (["--implementation", "kernels.py"], "kernels.py: name a function in it"),
        (["--implementation", "tensorflow"], "unknown implementation 'tensorflow'"),
        (["--timeout", "0"], "timeout 0: must be a positive finite number of seconds"),
        (["--timeout", "soon"], "'soon' is not a number of seconds"),
        (["--device", "cuda"], "device cuda: nobody is asked who would run there"),
        (["--against", "stabel"], "unknown algorithm or implementation 'stabel'"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_one_line(softaudit, words, message):
    ended = softaudit("check", "logits.npy", *words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert ended.err.count("\n") == 1


def test_the_gate_requires_ratios(softaudit):
    words = ("logits.npy", "--implementation", "kernels.py:stable", "--format", "float32",
             "--function", "softmax", "--against", "stable", "--require")  # fmt: skip
    assert softaudit("gate", *words, "softmax/*/kernels.stable: ratio.ulp.max <= 100").code == 0
    assert softaudit("gate", *words, "softmax/*/kernels.stable: ratio.ulp.max <= 0.001").code == 1


def test_a_batch_asks_one_process_and_notices_a_changed_kernel(softaudit):
    for i in range(3):
        np.save(f"layer{i}.npy", LOGITS + i)
    words = ("report", "layer0.npy", "layer1.npy", "layer2.npy", "--implementation",
             "kernels.py:stable", "--format", "float32", "--journal", "j")  # fmt: skip
    assert softaudit(*words, "-o", "all.json").code == 0
    audits = json.loads(Path("all.json").read_text())["audits"]
    assert [a["cells"][0]["implementation"] for a in audits] == ["kernels.stable"] * 3
    command = "softaudit check layer1.npy --function softmax --format float32 --implementation"
    table = softaudit(*words[:-2], "--output-format", "json-lines", "--require",
                      "softmax/*: ulp.max <= 0").out  # fmt: skip
    assert f"{command} kernels.py:stable" in table
    again = softaudit(*words, "--resume", "-o", "again.json")
    assert "3 files from before" in again.err
    assert Path("again.json").read_bytes() == Path("all.json").read_bytes()
    Path("kernels.py").write_text(KERNELS + "\nstable = same\n")
    changed = softaudit(*words, "--resume", "-o", "changed.json")
    assert "of other options or versions" in changed.err
    largest = [a["cells"][0]["ulp"]["max"] for a in
               json.loads(Path("changed.json").read_text())["audits"]]  # fmt: skip
    before = [a["cells"][0]["ulp"]["max"] for a in audits]
    assert all(new > old for new, old in zip(largest, before, strict=True))


@pytest.mark.processes
def test_processes_that_share_rows_have_processes_of_their_own(monkeypatch):
    monkeypatch.setattr(sys.modules["softaudit.audit"], "WORTH_SHARING", 0)
    rows = np.tile(LOGITS, (4 * BLOCK // LOGITS.size, 1))
    found = [
        face.audit(rows, implementation=["kernels.py:in_place", "kernels.py:picky"],
                   function="softmax", format=["float16", "float32"], jobs=jobs)
        for jobs in (1, 2, 3)
    ]  # fmt: skip
    texts = [face.render(audit) for audit in found]
    assert all(one == other for one, other in pairwise(texts))
    assert [s.cell for s in found[1].skipped] == ["softmax/float16/kernels.picky"]
    assert found[1].implementations[0].remarks


def test_nobody_is_awaited_for_long_once_somebody_has_had_enough(softaudit, monkeypatch):
    """As if Ctrl-C came while the kernel hangs: other cells are printed, and marked partial."""
    hang = "def hang(x):\n    pathlib.Path('hangs').touch()\n    time.sleep(60)\n"
    Path("slow.py").write_text(f"import pathlib, time\n{hang}")
    monkeypatch.setattr("softaudit.implementations.process.PATIENCE", 0.0)
    monkeypatch.setattr("softaudit.cli.interrupt.deferred", enough)
    words = ("check", "logits.npy", "--format", "float32", "--implementation")
    ended = softaudit(*words, "kernels.py:stable,slow.py:hang")
    assert ended.code == 130
    assert "partial: interrupted after 5 rows" in " ".join(ended.out.split())
    assert "slow.hang was interrupted" in ended.out
    Path("hangs").unlink()
    ended = softaudit(*words, "slow.py:hang")
    assert (ended.code, ended.out) == (130, "")


@contextmanager
def enough():
    """Say so as soon as the kernel hangs."""
    yield lambda: Path("hangs").exists()


def test_a_path_may_have_commas(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a,b.py").touch()
    (tmp_path / "k.py").touch()
    words = ["a,b.py:softmax", "torch, k.py:f", "k.py:f"]
    taken = ("a,b.py:softmax", "torch", "k.py:f", "k.py:f")
    assert split_places(words) == taken
    assert split_places(["a,b.py:f,torch"]) == ("a", "b.py:f", "torch")  # no file as a whole
    assert split_places(None) == ()


OTHERS = """
import numpy as np

def softmax(x, axis=-1):
    x = x.astype(np.float64)
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)

def columns(x):
    return softmax(x, 0)

def whole(x):
    return softmax(x, None)

def logs(x):
    return np.log(softmax(x))

def same(x):
    return x

def twice(x):
    return 2 * softmax(x)
"""


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        ("columns", "returns softmax along axis 0 of what it gets, and axis -1 is asked"),
        ("whole", "returns softmax over all that it gets at once, and axis -1 is asked"),
        ("logs", "returns logarithms, and softmax is asked: name --function log_softmax"),
        ("same", "returns its input"),
        ("twice", None),
        ("softmax", None),
    ],
)
def test_who_answers_another_question_is_told_and_judged(name, remark):
    Path("others.py").write_text(OTHERS)
    word = f"others.py:{name}"
    found = face.audit(LOGITS, implementation=word, function="softmax", format="float32",
                       temperature=2.0)  # fmt: skip
    (cell,) = found.cells
    (used,) = found.implementations
    told = [words for words in used.remarks.get(cell.key.name, ()) if "float64" not in words]
    assert told == ([] if remark is None else [remark])
    assert cell.elements == LOGITS.size
