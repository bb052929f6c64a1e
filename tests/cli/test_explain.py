"""softaudit explain: one name, all of them, and none that is known."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from softaudit.cli import completion
from softaudit.render.topics import topics


def test_a_format_has_its_note_and_its_limits(softaudit):
    ended = softaudit("explain", "float16")
    assert (ended.code, ended.err) == (0, "")
    for figure in ("Used by", "Source", "65504", "11.09", "−17.329", "2048"):
        assert figure in ended.out


def test_a_figure_has_its_members_its_column_and_how_to_require_it(softaudit):
    assert "ulp.p999" in softaudit("explain", "ulp").out
    text = softaudit("explain", "ulp.p99").out
    assert "--columns p99" in text
    assert '--require "*: ulp.p99 <= LIMIT"' in text


def test_a_word_lists_what_it_may_be(softaudit):
    text = softaudit("explain", "order").out
    for order in ("pairwise", "sequential", "compensated", "numpy"):
        assert f"\n  {order}  " in text


def test_the_same_last_part_is_told_beside_a_column(softaudit):
    assert "Also  absolute.max, relative.max, cast_error.max" in softaudit("explain", "max").out


def test_what_a_report_printed_is_explained(softaudit):
    """The row that is in the README, and every cause that it is told with."""
    report = softaudit("check", "[12, 0, -6]", "--format", "float16", "--output-format", "sarif")
    rules = set(re.findall(r'"ruleId": "(.+)"', report.out))
    assert {"exp-overflow", "log-of-zero"} <= rules
    for rule in rules:
        text = softaudit("explain", rule).out
        assert text.startswith(f"{rule}  cause\n")
        assert "Remedy" in text


def test_without_a_name_all_are_listed(softaudit):
    text = softaudit("explain").out
    assert max(map(len, text.split("\n"))) <= 80
    for name in ("softmax/naive", "float8_e4m3fn", "absorption", "ulp.max", "row-sum", "schema"):
        assert name in text


def test_unknown_names(fails):
    assert fails("explain", "absorbtion") == ("unknown name 'absorbtion': did you mean absorption?")
    assert "did you mean schema?" in fails("explain", "shema")
    assert "did you mean float16?" in fails("explain", "softmax/flaot16/stable")


@pytest.mark.parametrize("width", ["30", "80", "120"])
def test_the_width_is_respected(softaudit, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    lines = softaudit("explain", "argument-rounding").out.split("\n")
    assert max(map(len, lines)) <= int(width)


def test_what_may_be_completed_is_what_can_be_explained():
    assert set(completion.topics()) == {"schema", *(topic.short for topic in topics())}
    assert completion.topic("exp-") == ["exp-overflow", "exp-underflow"]


def test_completing_names_imports_no_numpy():
    code = (
        "import sys; from softaudit.cli import completion; completion.topics(); "
        "sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
