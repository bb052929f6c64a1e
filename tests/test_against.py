"""Cells against a trusted algorithm's: which ones are paired, and how figures are divided."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from fractions import Fraction
from functools import cache
from math import inf, isfinite

import pytest

import softaudit
from softaudit.against import is_trusted, ratio, with_ratios
from softaudit.errors import InputError, OptionError
from softaudit.figures import OWN_FIGURES, SIZES
from softaudit.findings import findings
from softaudit.json_v1 import audit_from_json, audit_to_json, from_json, to_json
from softaudit.keys import make_key
from softaudit.model import SkippedCell
from softaudit.report import make_report
from softaudit.summary import summarize
from softaudit.wording import plain

from .gate.reports import audit, cell

STABLE, NAIVE = "softmax/float32/stable", "softmax/float32/naive"


def named(name: str, figures: dict[str, float | None] | None = None):
    """Give a cell of anybody's, with figures by their dotted names."""
    function, arithmetic, algorithm = name.split("/")
    made = cell(f"{function}/{arithmetic}/stable", figures)
    return replace(made, key=replace(made.key, algorithm=algorithm))


def with_kl(made, largest: float):
    kl = {**made.quality.kl, "max": largest}
    return replace(made, quality=replace(made.quality, kl=kl))


def standing(*cells, trusted: str = "torch") -> dict[str, str | None]:
    return {c.key.name: c.against for c in with_ratios(audit(*cells), trusted).cells}


@pytest.mark.parametrize(
    ("candidate", "trusted", "expected"),
    [
        (64.0, 32.0, 2.0), (16.0, 32.0, 0.5), (0.0, 0.0, 1.0), (inf, inf, 1.0), (7.5, 7.5, 1.0),
        (0.5, 0.0, inf), (5e-324, 0.0, inf), (inf, 0.0, inf), (inf, 3.0, inf), (3.0, inf, 0.0),
        (0.0, inf, 0.0), (0.0, 3.0, 0.0), (1e308, 1e-308, inf), (1, 4, 0.25),
        (None, 1.0, None), (1.0, None, None), (None, None, None), (None, 0.0, None),
    ],
)  # fmt: skip
def test_the_definition(candidate, trusted, expected):
    assert ratio(candidate, trusted) == expected


def test_every_size_is_divided():
    figures = {"ulp.max": 32.0, "ulp.p99": 8.0, "absolute_max": 0.25, "relative_max": 0.5,
               "row_sum_defect": 0.0, "ulp.mean": None}  # fmt: skip
    trusted = with_kl(cell(STABLE, figures), 2.0)
    figures = {"ulp.max": 8.0, "ulp.p99": inf, "absolute_max": 1.0, "relative_max": 0.0,
               "row_sum_defect": 0.0}  # fmt: skip
    other = with_kl(cell(NAIVE, figures), 3.0)
    found, own = with_ratios(audit(other, trusted), "stable").cells
    expected = {"ulp.max": 0.25, "ulp.p99": inf, "absolute.max": 4.0, "relative.max": 0.0,
                "row_sum.max_defect": 1.0, "ulp.mean": None, "quality.kl.max": 1.5,
                "quality.total_variation.max": 1.0}  # fmt: skip
    assert {name: found.ratio[name] for name in expected} == expected
    assert (found.against, own.against, own.ratio) == (STABLE, None, None)


def test_figures_of_real_cells_are_the_quotients_of_fractions():
    made = of_two_algorithms()
    by_name = {c.key.name: c for c in made.cells}
    for candidate in (c for c in made.cells if c.against):
        trusted = by_name[candidate.against]
        for name, found in candidate.ratio.items():
            a, b = OWN_FIGURES[name](candidate), OWN_FIGURES[name](trusted)
            if a is not None and b and isfinite(a) and isfinite(b):
                assert found == float(Fraction(a) / Fraction(b))


@cache
def of_two_algorithms():
    """Attention-like rows: naive overflows in float16, and log_softmax has no row sum."""
    asked = {"format": ["float16", "bfloat16"], "algorithm": ["naive", "stable"]}
    rows = [[12.0, 1.0, 0.5], [0.0, -20.0, 0.125], [3.25, -7.5, 6.0]]
    return with_ratios(softaudit.audit(rows, **asked), "stable")


class TestPairing:
    """Same function, same storage format, saturating or not."""

    def test_functions_and_formats(self):
        places = "softmax/float16", "softmax/bfloat16", "log_softmax/float16"
        candidates = {f"{place}/kernels.f": f"{place}/torch" for place in places}
        found = standing(*map(named, candidates), *map(named, candidates.values()))
        assert found == {**candidates, **dict.fromkeys(candidates.values())}

    @pytest.mark.parametrize("order", [1, -1])
    def test_the_default_arithmetic_is_the_measure(self, order):
        names = ["softmax/float16:float32/stable", "softmax/float16/stable",
                 "softmax/float16:float16:float16:sequential/naive"]  # fmt: skip
        found = standing(*map(cell, names[::order]), trusted="stable")
        assert [found[name] for name in names] == [names[1], None, names[1]]

    def test_or_else_the_first(self):
        names = ["softmax/float16:float32/stable", "softmax/float16:float64/stable",
                 "softmax/float16/naive"]  # fmt: skip
        found = standing(*map(cell, names), trusted="stable")
        assert list(found.values()) == [None, names[0], names[0]]

    @pytest.mark.parametrize(("trusted", "measure"), [("blockwise", 0), ("blockwise:2", 1)])
    def test_block_sizes(self, trusted, measure):
        keys = [make_key("softmax", "float16", "blockwise", block_size=size) for size in (None, 2)]
        cells = [replace(cell(STABLE), key=key) for key in keys]
        found = with_ratios(audit(*cells), trusted).cells
        assert [c.against is None for c in found] == [measure == 0, measure == 1]
        assert found[1 - measure].against == keys[measure].name

    def test_what_saturates_is_another_format(self):
        keys = [make_key("softmax", "float8_e5m2", who, saturate=yes)
                for who in ("naive", "stable") for yes in (False, True)]  # fmt: skip
        found = standing(*(replace(cell(STABLE), key=key) for key in keys), trusted="stable")
        assert list(found.values()) == [keys[2].name, keys[3].name, None, None]

    def test_nothing_to_stand_against(self):
        made = with_ratios(audit(named("softmax/float32/torch"), cell(NAIVE),
                                 cell("log_softmax/float32/naive")), "torch")  # fmt: skip
        assert [c.against for c in made.cells] == [None, "softmax/float32/torch", None]
        assert [is_trusted(made, c) for c in made.cells] == [True, False, False]
        assert made.cells[2].ratio is None

    def test_nobody_has_it(self):
        with pytest.raises(OptionError) as caught:
            with_ratios(audit(cell(STABLE), cell(NAIVE)), "torch")
        assert str(caught.value) == (
            "a.npy: no cell is torch's, against which the others are to stand: there are "
            "stable, naive"
        )

    def test_one_that_answered_nothing_is_no_typo(self):
        skipped = (SkippedCell("softmax/float32/torch", "it hangs"),)
        made = with_ratios(audit(cell(STABLE), skipped=skipped), "torch")
        assert (made.trusted, made.cells[0].against) == ("torch", None)


class TestSentences:
    def said(self, made, kind: str) -> list[str]:
        return [plain(f.text) for f in findings(made) if f.kind == kind]

    def test_the_worst_comes_first(self):
        figures = {"ulp.max": 32.0, "ulp.p99": 4.0}
        cells = [named("softmax/float32/torch", figures),
                 named("softmax/float32/k.fast", {"ulp.max": 16.0, "ulp.p99": 2.0}),
                 named("softmax/float32:float64/k.slow", {"ulp.max": 77.0, "ulp.p99": 3.6}),
                 cell(STABLE, {"ulp.max": 16.0, "ulp.p99": 6.0}),
                 cell("log_softmax/float32/stable", figures)]  # fmt: skip
        made = with_ratios(audit(*cells), "torch")
        assert self.said(made, "against") == [
            "torch: softmax float32 in float64 k.slow 2.4 × at worst, 0.90 × at p99; "
            "softmax float32 stable 0.50 ×, 1.5 ×; softmax float32 k.fast 0.50 ×, 0.50 ×"
        ]
        assert self.said(made, "note") == ["1 cell has nothing of torch's to stand against"]

    def test_many(self):
        cells = [named(f"softmax/float32/k.f{i}", {"ulp.max": float(i)}) for i in range(9)]
        (said,) = self.said(with_ratios(audit(*cells), "k.f2"), "against")
        assert said.startswith("k.f2: softmax float32 k.f8 4.0 × at worst, 1.0 × at p99; soft")
        assert said.endswith("k.f4 2.0 ×, 1.0 ×; 3 more at most 1.5 ×")

    def test_nothing_is_said_where_nothing_stands(self):
        made = audit(cell(STABLE), cell(NAIVE))
        assert not [f for f in findings(made) if f.kind == "against" or "stand" in f.text]


class TestJson:
    def test_it_is_nested_and_read_back(self):
        made = of_two_algorithms()
        document = json.loads(json.dumps(to_json(make_report([made]))))
        (written,) = document["audits"]
        assert written["trusted"] == "stable"
        first = next(c for c in written["cells"] if c["name"] == "softmax/float16/naive")
        assert first["against"] == "softmax/float16/stable"
        assert (first["ratio"]["ulp"]["max"], first["ratio"]["row_sum"]["max_defect"]) == (
            "inf",
            "inf",
        )
        back = from_json(document).audits[0]
        assert back.trusted == "stable"
        assert [c.ratio for c in back.cells] == [c.ratio for c in made.cells]
        # A journal reads without holding figures against each other.
        assert audit_to_json(audit_from_json(written, "j")) == written

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda a: a["cells"][0]["ratio"]["ulp"].update(max=1.0),
             "cells[0].ratio: ulp.max is 1.0, by the two cells' figures inf"),
            (lambda a: a["cells"][0]["ratio"]["ulp"].update(max=-1.0), "ulp.max is -1.0, wanted"),
            (lambda a: a["cells"][0]["ratio"]["quality"].pop("kl"), "ratio.quality lacks 'kl'"),
            (lambda a: a["cells"][0].update(ratio=None), "cells[0].against"),
            (lambda a: a["cells"][0].update(against=None), "cells[0].against"),
            (lambda a: a["cells"][0].update(against="softmax/bfloat16/stable"),
             "by the cells beside it softmax/float16/stable"),
            (lambda a: (a["cells"][0].pop("against"), a["cells"][0].pop("ratio")),
             "cells[0].against: is None"),
            (lambda a: a.pop("trusted"), "by the cells beside it None"),
            (lambda a: a["cells"].pop(1), "by the cells beside it None"),
            (lambda a: a.update(trusted="naive"), "cells[0].against"),
        ],
    )  # fmt: skip
    def test_what_the_two_cells_deny(self, change, says):
        document = copy.deepcopy(to_json(make_report([of_two_algorithms()])))
        change(document["audits"][0])
        with pytest.raises(InputError) as caught:
            from_json(document)
        assert says in str(caught.value)

    def test_results_saved_before_there_were_ratios_are_read(self):
        made = softaudit.audit([[1.0, 2.0]], function="softmax", format="float16")
        document = to_json(replace(make_report([made]), summary=summarize([made])))
        for cell_ in (*document["audits"][0]["cells"], *document["summary"]):
            del cell_["against"], cell_["ratio"]
        del document["audits"][0]["trusted"]
        found = from_json(document)
        assert found.audits[0].trusted is None
        assert [c.ratio for c in found.audits[0].cells] == [None, None]
        document["summary"][0]["elements"] += 1
        with pytest.raises(InputError, match="summary does not agree"):
            from_json(document)


class TestSummary:
    """Over inputs: the largest of all over the largest of all, and nothing of unlike inputs."""

    def test_merged_figures_are_divided(self):
        first = with_ratios(audit(cell(NAIVE, {"ulp.max": 8.0}), cell(STABLE, {"ulp.max": 2.0})),
                            "stable")  # fmt: skip
        second = with_ratios(audit(cell(NAIVE, {"ulp.max": 1.0}), cell(STABLE, {"ulp.max": 16.0}),
                                   name="b.npy"), "stable")  # fmt: skip
        naive, stable = (found.cell for found in summarize([first, second]))
        assert [first.cells[0].ratio["ulp.max"], second.cells[0].ratio["ulp.max"]] == [4.0, 0.0625]
        assert (naive.against, naive.ratio["ulp.max"]) == (STABLE, 0.5)
        assert naive.ratio["ulp.p999"] is not None
        assert (stable.against, stable.ratio) == (None, None)
        assert list(naive.ratio) == list(SIZES)

    def test_of_unlike_inputs_nothing_is(self):
        whole = with_ratios(audit(cell(NAIVE), cell(STABLE)), "stable")
        skipped = (SkippedCell(STABLE, "it hangs"),)
        half = with_ratios(audit(cell(NAIVE), name="b.npy", skipped=skipped), "stable")
        assert [found.cell.ratio for found in summarize([whole, half])] == [None, None]
        other = with_ratios(audit(cell(NAIVE), cell(STABLE), name="b.npy"), "naive")
        assert [found.cell.ratio for found in summarize([whole, other])] == [None, None]

    def test_it_is_written_and_read(self):
        made = [of_two_algorithms()]
        document = json.loads(json.dumps(to_json(replace(make_report(made),
                                                         summary=summarize(made)))))  # fmt: skip
        first = document["summary"][0]
        assert first["ratio"]["ulp"] == document["audits"][0]["cells"][0]["ratio"]["ulp"]
        assert first["ratio"]["quality"]["kl"]["mean"] is None
        assert from_json(document).summary[0].cell.ratio["ulp.max"] == inf
