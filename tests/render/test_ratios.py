"""Ratios for people: a column where cells stand against others, with the name of what is trusted.

Figures are set by hand: naive is 2.4 times as bad as stable at worst, and 1.5 times at p99.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from softaudit.against import with_ratios
from softaudit.render.screen import Screen
from softaudit.summary import summarize

from ..gate.reports import STABLE, audit, cell, report
from .judged import rendered

NAIVE = "softmax/float32/naive"
CELLS = (
    cell(NAIVE, {"ulp.max": 76.8, "ulp.p99": 6.0}),
    cell(STABLE, {"ulp.max": 32.0, "ulp.p99": 4.0}),
)
ALONE = report(audit(*CELLS))
BESIDE = report(with_ratios(audit(*CELLS), "stable"))


def lines(given, width: int, **options) -> list[list[str]]:
    """Give header lines and the two cells' lines of the table, in words."""
    text = rendered("table", given, Screen(width, **options)).split("\n")
    start = next(i for i, line in enumerate(text) if line.startswith("format"))
    assert max(map(len, text[start - 1 : start + 4])) <= width
    return [line.replace("× ", "×").split() for line in (*text[start - 1 : start + 1],
                                                         *text[start + 2 : start + 4])]  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_table(width):
    upper, lower, naive, stable = lines(BESIDE, width)
    assert "×stable" in upper
    assert "2.4" in naive
    assert "–" in stable
    assert ("1.5" in naive) == (lower.count("p99") == 2) == (width >= 80)
    upper, *_ = lines(ALONE, width)
    assert "×stable" not in upper


def test_asked_for():
    upper, lower, naive, stable = lines(BESIDE, 80, columns=("ratio-max", "max", "ratio-p99"))
    assert upper == ["×stable", "ULP", "×stable"]
    assert [lower[-3:], naive[-3:], stable[-3:]] == [
        ["max", "max", "p99"], ["2.4", "77", "1.5"], ["–", "32", "–"]]  # fmt: skip
    upper, _, naive, _ = lines(ALONE, 80, columns=("ratio-max",))
    assert (upper, naive[-1]) == (["ratio"], "–")


def test_a_long_name_is_not_in_the_head():
    keys = [replace(c.key, algorithm="kernels.long_name" if i else "k.f")
            for i, c in enumerate(CELLS)]  # fmt: skip
    cells = [replace(c, key=key) for c, key in zip(CELLS, keys, strict=True)]
    upper, *_ = lines(report(with_ratios(audit(*cells), "kernels.long_name")), 80)
    assert "ratio" in upper


def test_markdown():
    text = rendered("markdown", BESIDE)
    assert "| × stable max |" in text
    assert "against** stable: softmax float32 naive 2.4 × at worst, 1.5 × at p99" in text
    assert "× stable" not in rendered("markdown", ALONE)


def test_a_page():
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    text = rendered("html", BESIDE)
    assert '<th scope="col" class="n">× stable<br>max</th>' in text
    assert 'data-value="2.4"' in text


def test_over_all_inputs():
    audits = BESIDE.audits[0], with_ratios(audit(*CELLS, name="b.npy"), "stable")
    found = replace(report(*audits), summary=summarize(audits))
    for kind in ("table", "markdown"):
        text = " ".join(rendered(kind, found, Screen(100, overview=True)).split())
        assert "stable: softmax float32 naive 2.4 × at worst" in text
        assert "× stable" in text
