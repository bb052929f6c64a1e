"""softaudit diff: every figure that changed, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt

ROWS = np.array([[12.0, 1.0, 0.5], [0.0, 0.0, 0.0], [3.0, -2.0, 0.25]])
NARROW = ("--format", "float16", "--function", "softmax")


@pytest.fixture
def results(softaudit, _nothing_set):
    """Save results of three runs: of some rows, of the same with one row changed, of one cell."""
    np.save("logits.npy", ROWS)
    assert softaudit("check", "logits.npy", *NARROW, "-o", "old.json").code == 0
    changed = ROWS.copy()
    changed[0, 0] = 11.0  # below log of the largest float16, 11.09: no overflow any more
    np.save("logits.npy", changed)
    assert softaudit("check", "logits.npy", *NARROW, "-o", "new.json").code == 0
    softaudit("check", "logits.npy", *NARROW, "--algorithm", "stable", "-o", "one.json")


def walk(cell: dict, dotted: str):
    part = cell
    for name in dotted.split("."):
        part = part.get(name, {} if part is not cell else 0)
    return part if part != {} else 0


def test_it_tells_every_figure_that_changed(softaudit, results):
    ended = softaudit("diff", "old.json", "new.json", "--output-format", "json")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert (found["compared"], found["added"], found["removed"]) == (2, [], [])
    told = {(c["cell"], c["metric"]): (c["old"], c["new"]) for c in found["changes"]}
    old, new = (
        {c["name"]: c for c in json.loads(Path(name).read_text())["audits"][0]["cells"]}
        for name in ("old.json", "new.json")
    )
    assert told["softmax/float16/naive", "overflow.exp"] == (1, 0)
    assert told["softmax/float16/naive", "overflow.result"] == (1, 0)
    for (cell, metric), (before, after) in told.items():
        assert (before, after) == (walk(old[cell], metric), walk(new[cell], metric))
    for cell in old:
        for group in ("rows", "overflow", "underflow", "ulp"):
            for name in old[cell][group]:
                same = old[cell][group][name] == new[cell][group][name]
                assert same != ((cell, f"{group}.{name}") in told)
    assert any("bytes" in note for note in found["notes"])


def test_the_table_says_worse_and_better(softaudit, results):
    lines = softaudit("diff", "old.json", "new.json").out.split("\n")
    (line,) = [line for line in lines if line.startswith("  overflow.result ")]
    assert line.split() == ["overflow.result", "1", "0", "better"]
    (line,) = [line for line in softaudit("diff", "new.json", "old.json").out.split("\n")
               if line.startswith("  overflow.result ")]  # fmt: skip
    assert line.split() == ["overflow.result", "0", "1", "worse"]
    (line,) = [line for line in lines if line.split()[:2] == ["ulp.max", "∞"]]
    assert line.endswith("better")


def test_cells_that_one_of_them_lacks(softaudit, results):
    out = softaudit("diff", "new.json", "one.json").out
    assert (
        out == "removed  logits.npy softmax/float16/naive\n1 cell in both, 0 changed, 1 removed\n"
    )
    out = softaudit("diff", "one.json", "new.json").out
    assert out == "added    logits.npy softmax/float16/naive\n1 cell in both, 0 changed, 1 added\n"


def test_nothing_changed(softaudit, results):
    assert softaudit("diff", "old.json", "old.json").out == "2 cells in both, 0 changed\n"


def test_markdown_is_a_table(softaudit, results):
    out = softaudit("diff", "old.json", "new.json", "--output-format", "markdown").out
    tokens = MarkdownIt().enable("table").parse(out)
    end = next(i for i, token in enumerate(tokens) if token.type == "table_close")
    cells = [t.content for t in tokens[:end] if t.type == "inline" and t.level > 2]
    heads = ["input", "cell", "figure", "old", "new", ""]
    assert cells[:6] == heads
    assert len(cells) % 6 == 0
    assert "`overflow.result`" in cells


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["old.json"], "Missing argument"),
        (["old.json", "nothing.json"], "nothing.json: no such file"),
        (["old.json", "logits.npy"], "is no UTF-8 text"),
        (["old.json", "new.json", "--output-format", "sarif"], "unknown output format"),
    ],
)
def test_what_cannot_be_compared(fails, results, arguments, says):
    assert says in fails("diff", *arguments)
