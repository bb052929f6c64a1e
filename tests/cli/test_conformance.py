"""softaudit conformance: who is asked, what is written, and the exit code."""

from __future__ import annotations

import json
from contextlib import contextmanager
from itertools import chain, repeat
from pathlib import Path

import pytest

from softaudit.implementations import Unanswered
from softaudit.studies.respondents import Ours

QUICK = ("--function", "softmax", "--format", "float16", "--edge-row", "zeros,all-masked")


def test_own_algorithms_by_name(softaudit):
    ended = softaudit("conformance", "stable", "online", *QUICK)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[2].split() == ["softmax", "answer", "stable", "online"]
    assert "0 of 4 answers are off\n" in ended.out


def test_edge_rows_come_in_display_order_and_once(softaudit):
    ended = softaudit(
        "conformance", "stable", *QUICK, "--edge-row", "zeros", "--output-format", "json"
    )
    rows = json.loads(ended.out)["conformance"]["edge_rows"]
    assert [row["name"] for row in rows] == ["all-masked", "zeros"]


def test_a_pattern_names_edge_rows(softaudit):
    ended = softaudit(
        "conformance", "stable", *QUICK[:4], "--edge-row", "gap-40*,nan", "--output-format", "json"
    )
    rows = json.loads(ended.out)["conformance"]["edge_rows"]
    assert [row["name"] for row in rows] == ["nan", "gap-40", "gap-40-at-zero"]


def test_variables_are_options(softaudit, monkeypatch):
    monkeypatch.setenv("SOFTAUDIT_FORMAT", "bfloat16")
    monkeypatch.setenv("SOFTAUDIT_FUNCTION", "logsumexp")
    ended = softaudit("conformance", "stable", "--edge-row", "zeros", "--progress", "never")
    assert ended.out.startswith("conformance  1 edge row · logsumexp · bfloat16\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("log1p", "--function", "softmax"), "nothing was asked of log1p: has no softmax"),
        (("log1p", "--function", "softmax", "--strict"), "log1p: has no softmax"),
        (("stable", "--edge-row", "empty"), "nothing was asked of stable: algorithms of softaudit"),
        (
            ("stable", "--edge-row", "shifted-1e8", "--format", "float16"),
            "nothing was asked of stable: float16 does not hold the row",
        ),
    ],
)
def test_where_nothing_was_asked_it_is_no_pass(fails, words, told):
    assert told in fails("conformance", *words)


def test_one_who_was_named_and_asked_nothing_is_no_pass(softaudit):
    ended = softaudit("conformance", "log1p", "stable", *QUICK)
    assert ended.code == 2
    assert ended.err == "softaudit: nothing was asked of log1p: has no softmax\n"
    assert "stable" in ended.out


@pytest.mark.parametrize(
    ("code", "word", "told"),
    [
        ("def f(x): return x\n", "k.py:g", "k.g: is not in k.py"),
        ("import nowhere_to_be_found\n", "k.py:f", "k.f: cannot be imported from k.py: "),
    ],
)
def test_who_cannot_start_is_told_of_before_any_table(fails, code, word, told):
    Path("k.py").write_text(code, "utf-8")
    assert told in fails("conformance", "stable", word, *QUICK)
    assert told in fails("invariance", "[0, 1]", "stable", word)


def test_who_was_not_named_and_cannot_start_is_left_out(softaudit, monkeypatch):
    class Refusing(Ours):
        def start(self):
            raise Unanswered("does not start: ImportError: no")

    there = lambda *_, **__: (Ours("stable"), Refusing("online"))  # noqa: E731
    monkeypatch.setattr("softaudit.studies.respondents.respondents", there)
    ended = softaudit("conformance", *QUICK)
    assert ended.code == 0
    assert "online is left out: does not start: ImportError: no" in ended.err
    assert "online" not in ended.out


def test_what_is_done_is_shown_when_somebody_has_enough(softaudit, monkeypatch):
    @contextmanager
    def deferred():
        yield chain([False] * 4, repeat(True)).__next__

    monkeypatch.setattr("softaudit.cli.interrupt.deferred", deferred)
    ended = softaudit("conformance", "stable", *QUICK, "--edge-row", "gap*", "--strict")
    assert ended.code == 130
    assert "partial: interrupted after 2 of 6 questions" in " ".join(ended.out.split())


def test_strict(softaudit):
    assert softaudit("conformance", "stable", *QUICK, "--strict").code == 0
    overflows = (*QUICK[:4], "--edge-row", "largest")
    assert softaudit("conformance", "naive", *overflows).code == 0
    ended = softaudit("conformance", "naive", *overflows, "--strict", "-o", "found.md")
    assert ended.code == 1
    assert "all NaN" in ended.out
    other = softaudit("conformance", "naive", *QUICK[:4], "--edge-row", "one-infinity", "--strict")
    assert other.code == 0
    assert "1 follows another convention" in other.out
    assert Path("found.md").read_text("utf-8").startswith("# softaudit: conformance")


def test_files_by_their_suffixes(softaudit):
    names = ["a.txt", "a.json", "a.jsonl", "a.csv", "a.md", "a.xml", "a.sarif", "a.html"]
    outputs = [part for name in names for part in ("-o", name)]
    ended = softaudit("conformance", "stable", *QUICK, *outputs, "--output-format", "github")
    assert (ended.code, ended.out) == (0, "")
    assert {path.name for path in Path().iterdir()} == set(names)
    assert Path("a.txt").read_text("utf-8").startswith("conformance")


def test_the_summary_of_a_step(softaudit, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    softaudit("conformance", "stable", *QUICK, "--output-format", "github")
    assert Path("summary.md").read_text("utf-8").startswith("# softaudit: conformance")


def test_the_same_bytes_again(softaudit):
    line = ("conformance", "stable", *QUICK, "--output-format", "json-lines")
    assert softaudit(*line).out == softaudit(*line).out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("stabel",), "unknown algorithm or implementation 'stabel': did you mean stable?"),
        (
            ("stable", "--edge-row", "all-mask"),
            "unknown edge row 'all-mask': did you mean all-masked?",
        ),
        (("stable", "--format", "half"), "unknown format 'half'"),
        (("stable", "--function", "softmin"), "unknown function 'softmin': did you mean softmax?"),
        (("stable", "--output-format", "xls"), "unknown output format 'xls'"),
        (("stable", "-o", "found.xls"), "found.xls: its name tells no output"),
        (("nowhere.py:f",), "nowhere.py"),
        (("f.py:g", "-o", "csv:f.py"), "f.py: is an input; name another file to write"),
    ],
)
def test_refusals(fails, arguments, told):
    Path("f.py").write_text("def g(x): return x\n", "utf-8")
    assert told in fails("conformance", *arguments)
    assert {path.name for path in Path().iterdir()} == {"f.py"}


FUNCTION = """
import numpy as np

def softmax(x):
    if x.size == 0:
        raise ValueError("nothing to do")
    if np.isnan(x).any():
        import os
        os._exit(3)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
"""


def test_a_function_that_raises_and_one_that_exits(softaudit):
    """Four processes are started: nothing is lost of the other rows."""
    Path("kernels.py").write_text(FUNCTION, "utf-8")
    rows = ("--edge-row", "zeros,nan,empty,one-logit", "--format", "float32")
    ended = softaudit("conformance", "kernels.py:softmax", *rows, "--output-format", "json")
    assert ended.code == 0
    study = json.loads(ended.out)["conformance"]
    assert study["functions"] == ["softmax"]  # of a function of somebody's own, that alone
    verdicts = {q["edge_row"]: q["replies"][0] for q in study["questions"]}
    assert verdicts["zeros"]["verdict"] == verdicts["one-logit"]["verdict"] == "correct"
    assert "nothing to do" in verdicts["empty"]["reason"]
    assert verdicts["nan"]["verdict"] == "no answer"


def test_a_users_function_is_asked_for_what_its_name_says(softaudit):
    Path("k.py").write_text("def my_log_softmax(x): return x\n", "utf-8")
    words = (*QUICK[2:], "--output-format", "json")
    study = json.loads(softaudit("conformance", "k.py:my_log_softmax", *words).out)["conformance"]
    assert study["functions"] == ["log_softmax"]


def test_one_that_answers_nothing(softaudit):
    Path("kernels.py").write_text("def softmax(x): raise TypeError('no')\n", "utf-8")
    line = ("conformance", "kernels.py:softmax", "stable", *QUICK)
    ended = softaudit(*line)
    assert ended.code == 2
    assert ended.err.startswith("softaudit: kernels.softmax answers nothing: ")
    assert "stable" in ended.out
