"""Requirements on ratios: at most so many times the trusted algorithm's errors."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from softaudit.against import with_ratios
from softaudit.errors import OptionError
from softaudit.gate import baseline_text, difference, judge, parse_requirement
from softaudit.model import SkippedCell, Used
from softaudit.render import RENDERERS
from softaudit.wording import plain

from .reports import STABLE, audit, cell, key, report

NAIVE = "softmax/float32/naive"
LOGS = "log_softmax/float32/naive"


def against_stable(naive: float, stable: float, *more, **rest):
    cells = cell(NAIVE, {"ulp.max": naive}), cell(STABLE, {"ulp.max": stable}), *more
    return report(with_ratios(audit(*cells, **rest), "stable"))


def judged(found, line: str):
    return judge(found, [parse_requirement(line)]).judgement


@pytest.mark.parametrize(
    ("naive", "stable", "limit", "holds", "text"),
    [
        (64.0, 32.0, 2, True, "ratio.ulp.max is 2 times {}'s 32 ULP, at most 2 is allowed"),
        (76.8, 32.0, 2, False, "ratio.ulp.max is 2.4 times {}'s 32 ULP, at most 2 is allowed"),
        (64.00001, 32.0, 2, False,
         "ratio.ulp.max is 2.0000003 times {}'s 32 ULP, at most 2 is allowed"),
        (0.5, 0.0, 1000000000, False,
         "ratio.ulp.max is ∞ times {}'s 0 ULP, at most 1e9 is allowed"),
        (0.0, 0.0, 1, True, "ratio.ulp.max is 1 times {}'s 0 ULP, at most 1 is allowed"),
        (inf, inf, 1, True, "ratio.ulp.max is 1 times {}'s ∞ ULP, at most 1 is allowed"),
        (3.0, inf, 0, True, "ratio.ulp.max is 0 times {}'s ∞ ULP, at most 0 is allowed"),
    ],
)  # fmt: skip
def test_what_is_measured_and_what_is_allowed(naive, stable, limit, holds, text):
    found = judged(against_stable(naive, stable), f"{NAIVE}: ratio.ulp.max <= {limit}")
    (verdict,) = found.rulings[0].verdicts
    assert (verdict.passed, found.passed) == (holds, holds)
    assert plain(verdict.text).startswith(text.format(STABLE))
    assert verdict.command.endswith(
        f"--algorithm naive --against stable --require '{NAIVE}: ratio.ulp.max <= {limit}'"
    )


def test_figures_that_are_no_ulp_have_no_unit():
    cells = [cell(name, {"absolute_max": size}) for name, size in ((NAIVE, 0.75), (STABLE, 0.25))]
    found = judged(report(with_ratios(audit(*cells), "stable")), "*: ratio.absolute.max <= 2")
    (verdict,) = found.failures
    text = f"ratio.absolute.max is 3 times {STABLE}'s 0.25, at most 2 is allowed"
    assert plain(verdict.text) == text


@pytest.mark.parametrize("where", ["*", "softmax/float32/*", "*/*", "softmax/*"])
def test_the_trusted_cells_are_not_among_those_matched(where):
    (ruling,) = judged(against_stable(64.0, 32.0), f"{where}: ratio.ulp.max <= 2").rulings
    assert [(v.cell, v.measured) for v in ruling.verdicts] == [(NAIVE, 2.0)]
    assert ruling.passing == 2.0


def refused(found, line: str) -> str:
    with pytest.raises(OptionError) as caught:
        judged(found, line)
    return str(caught.value)


class TestNothingIsPassedUnseen:
    def test_trusted_cells_alone(self):
        said = refused(against_stable(64.0, 32.0), f"{STABLE}: ratio.ulp.max <= 2")
        assert said.endswith(f"'{STABLE}' matches only the cells that the others stand against")

    def test_a_cell_without_a_counterpart(self):
        found = against_stable(64.0, 32.0, cell(LOGS))
        said = refused(found, "*: ratio.ulp.max <= 2")
        assert f"ratio.ulp.max of {LOGS} in a.npy is null: stable has nothing that it" in said
        assert judged(found, "softmax/*: ratio.ulp.max <= 2").passed

    def test_a_trusted_cell_that_was_skipped(self):
        skipped = (SkippedCell("log_softmax/float32/stable", "it hangs"),)
        found = against_stable(64.0, 32.0, cell(LOGS), skipped=skipped)
        assert "stable of a.npy was skipped: it hangs" in refused(found, "*: ratio.ulp.max <= 2")

    def test_nothing_was_to_be_trusted(self):
        found = report(audit(cell(NAIVE), cell(STABLE)))
        assert "name what is trusted with --against" in refused(found, "*: ratio.ulp.max <= 2")

    def test_a_figure_that_does_not_apply(self):
        cells = [replace(cell(LOGS), row_sum_defect=None), cell("log_softmax/float32/stable")]
        found = report(with_ratios(audit(*cells), "stable"))
        said = refused(found, "*: ratio.row_sum.max_defect <= 2")
        assert "it does not apply to log_softmax naive" in said


@pytest.mark.parametrize("kind", ["table", "markdown", "github", "junit", "sarif"])
def test_every_output_says_it(kind):
    found = judge(against_stable(76.8, 32.0), [parse_requirement("*: ratio.ulp.max <= 2")])
    text = " ".join("".join(RENDERERS[kind](found, None)).replace("&#39;", "'").split())
    assert "is 2.4 times" in text
    assert "32 ULP, at most 2 is allowed" in text


def test_baselines_and_differences_are_of_figures_alone():
    """A ratio moves where one of two figures does, which is told of already."""
    before, after = against_stable(8.0, 4.0), against_stable(8.0, 2.0)
    plain_report = report(audit(*(replace(c, against=None, ratio=None)
                                  for c in before.audits[0].cells)))  # fmt: skip
    assert baseline_text(before) == baseline_text(plain_report)
    changed = [(c.cell, c.metric) for c in difference(before, after).changes]
    assert changed == [(STABLE, "ulp.max")]


@pytest.mark.parametrize(
    ("used", "words"),
    [
        (Used("k.f", command="--implementation dir/k.py:f"), " --against dir/k.py:f --require "),
    ],
)
def test_what_is_trusted_is_named_as_on_a_command_line(used, words):
    cells = [replace(cell(STABLE), key=replace(key(STABLE), algorithm="k.f")), cell(NAIVE)]
    for given, expected in ((used, words), (replace(used, command=""), "")):
        made = with_ratios(audit(*cells, implementations=(given,)), "k.f")
        (ruling,) = judged(report(made), "*: ratio.ulp.max <= 2").rulings
        (verdict,) = ruling.verdicts
        assert expected in verdict.command
        assert bool(verdict.command) == bool(expected)


def test_trusted_outputs_are_named_beside_those_that_are_judged():
    mine = Used("mine.npy", command="mine.npy", sha256="0" * 64)
    yours = Used("my_out.npy", command="'my out.npy'", sha256="1" * 64)
    cells = [
        replace(cell(name), key=replace(key(name), algorithm=used.name))
        for name, used in ((STABLE, yours), (NAIVE, mine))
    ]
    made = with_ratios(audit(*cells, implementations=(mine, yours)), "my_out.npy")
    (ruling,) = judged(report(made), "*: ratio.ulp.max <= 2").rulings
    (verdict,) = ruling.verdicts
    assert verdict.command.startswith("softaudit compare a.npy mine.npy 'my out.npy' --function ")
    assert " --against my_out.npy --require " in verdict.command
