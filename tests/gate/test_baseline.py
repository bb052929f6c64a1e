"""The baseline: what its file looks like, what damaged ones say, and what is worse than it."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softaudit.errors import InputError, OptionError, UnjudgedError
from softaudit.gate import Tolerance, baseline_text, judge, parse_requirement, read_baseline
from softaudit.gate.baseline import COUNTS, ULP
from softaudit.wording import plain

from .reports import FEATURES, NAIVE, STABLE, audit, cell, one, report

NARROW = "softmax/bfloat16/stable"


def baseline(found):
    return read_baseline(baseline_text(found), "base.txt")


def compared(old, new, tolerance: Tolerance | None = None, *lines: str):
    """Judge a report beside the baseline of another."""
    asked = [parse_requirement(line) for line in lines]
    return judge(new, asked, baseline(old), tolerance).judgement


def changes(old, new, tolerance: Tolerance | None = None) -> list[tuple]:
    return [(c.standing, c.cell, c.metric) for c in compared(old, new, tolerance).changes]


class TestFile:
    """One line of JSON to the cell, sorted, without what is 0, null or default."""

    def test_the_whole_of_it(self):
        endless = dict.fromkeys(ULP, inf) | {"ulp.mean": None, "correctly_rounded": 0}
        cells = [cell(STABLE, endless),
                 cell(NAIVE, {"overflow.nan": 3, "out_of_range": 1})]  # fmt: skip
        found = report(audit(*cells, name="b.npy", temperature=2.0, axis=0), audit(cells[1]))
        assert baseline_text(found).split("\n") == [
            '{"softaudit_baseline": 1, "softaudit": "1.2.3", "numpy": "2.x", '
            '"processor_features": "AVX2 FMA3"}',
            '{"input": "a.npy", "sha256": "' + "0" * 64 + '"}',
            '{"input": "a.npy", "cell": "softmax/float16/naive", "elements": 4, "overflow.nan": 3, '
            '"out_of_range": 1, "correctly_rounded": 4, "ulp.max": 0.5, "ulp.mean": 0.25, '
            '"ulp.p50": 0.25, "ulp.p99": 0.25, "ulp.p999": 0.25}',
            '{"input": "b.npy", "temperature": 2.0, "axis": 0, "sha256": "' + "0" * 64 + '"}',
            '{"input": "b.npy", "temperature": 2.0, "axis": 0, "cell": "softmax/float16/naive", '
            '"elements": 4, "overflow.nan": 3, "out_of_range": 1, "correctly_rounded": 4, '
            '"ulp.max": 0.5, '
            '"ulp.mean": 0.25, "ulp.p50": 0.25, "ulp.p99": 0.25, "ulp.p999": 0.25}',
            '{"input": "b.npy", "temperature": 2.0, "axis": 0, "cell": "softmax/float32/stable", '
            '"elements": 4, "correctly_rounded": 0, "ulp.max": "inf", "ulp.p50": "inf", '
            '"ulp.p99": "inf", "ulp.p999": "inf"}',
            "",
        ]  # fmt: skip

    def test_the_order_of_a_run_does_not_matter(self):
        cells = [cell(name) for name in (STABLE, NAIVE, NARROW)]
        one_way = report(audit(*cells), audit(*cells, name="b.npy"))
        other = report(audit(*cells[::-1], name="b.npy"), audit(*cells[1:], cells[0]))
        assert baseline_text(one_way) == baseline_text(other)

    def test_a_changed_cell_is_a_changed_line(self):
        """What version control merges: all other lines stay what they were."""
        old = baseline_text(report(audit(cell(STABLE), cell(NAIVE)))).split("\n")
        new = baseline_text(report(audit(cell(STABLE, {"ulp.max": 3.0}), cell(NAIVE)))).split("\n")
        assert sum(a != b for a, b in zip(old, new, strict=True)) == 1

    def test_names_in_other_scripts_are_readable(self):
        text = baseline_text(report(audit(cell(STABLE), name="größe 尤.npy")))
        assert '"größe 尤.npy"' in text
        assert [run.input for run in read_baseline(text, "b").hashes] == ["größe 尤.npy"]

    def test_two_inputs_of_one_name_cannot_be_told_apart(self):
        twice = report(audit(cell(STABLE), temperature=2.0), audit(cell(STABLE), temperature=2.0))
        with pytest.raises(InputError, match=r"a\.npy \(temperature 2\.0\): is there twice"):
            baseline_text(twice)

    def test_settings_tell_runs_of_one_input_apart(self):
        made = cell(STABLE)
        found = report(
            audit(made), audit(made, temperature=2.0), audit(made, sampled=3),
            audit(made, row=(1,)), audit(made, axis=0), audit(made, key="x"),
        )  # fmt: skip
        assert len(baseline(found).cells) == 6
        assert compared(found, found).changes == ()

    @given(st.lists(st.one_of(st.floats(0, allow_nan=False), st.none()), min_size=2, max_size=2),
           st.integers(0, 2**62))  # fmt: skip
    def test_what_is_written_is_read(self, errors, counted):
        figures = {"ulp.max": errors[0] or 0.0, "ulp.mean": errors[1], "overflow.exp": counted}
        if errors[1] is None:  # as where every error is infinite
            figures |= dict.fromkeys(ULP, inf) | {"ulp.mean": None}
        (run,) = baseline(one(figures)).cells.values()
        read = run[STABLE]
        assert read["ulp.max"] == figures["ulp.max"]
        assert read.get("ulp.mean") == errors[1]
        assert read.get("overflow.exp", 0) == counted


def lines() -> list[str]:
    found = report(audit(cell(NAIVE, {"ulp.max": 3.5}), cell(STABLE, {"overflow.nan": 2})))
    return baseline_text(found).rstrip("\n").split("\n")


HEAD, INPUT, FIRST, SECOND = lines()


def refused(text: str) -> str | None:
    """Read a baseline, and give the error, if it is one."""
    try:
        read_baseline(text, "base.txt")
    except InputError as error:
        return str(error)
    return None


class TestDamage:
    """Whatever is wrong with the file is an error that says where."""

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "base.txt: is empty; --write-baseline writes a baseline"),
            ("\n \n", "base.txt: is empty"),
            ("softmax", "base.txt, line 1: is not a JSON object"),
            ("[]", "base.txt, line 1: is not a JSON object"),
            ("{}", "base.txt: is no baseline"),
            ('{"schema": 1}', "base.txt: is no baseline"),
            (INPUT, "base.txt: is no baseline"),
            ('{"softaudit_baseline": 2}', "is of version 2, wanted 1: a newer softaudit wrote it"),
            ('{"softaudit_baseline": 10000}', "a newer softaudit wrote it; update"),
            ('{"softaudit_baseline": 0}', "is of version 0, wanted 1: there is no such"),
            ('{"softaudit_baseline": true}', "is of version True"),
            ('{"softaudit_baseline": "1"}', "is of version '1'"),
            ('{"softaudit_baseline": null}', "is of version None"),
            ('{"softaudit_baseline": 1}', "line 1: lacks 'softaudit'"),
            (HEAD.replace('"2.x"', "3"), "line 1: lacks 'numpy'"),
            (HEAD.replace('"AVX2 FMA3"', '["AVX2"]'), "line 1: lacks 'processor_features'"),
        ],
    )
    def test_of_the_head(self, text, says):
        with pytest.raises(InputError) as caught:
            read_baseline(text, "base.txt")
        assert says in str(caught.value)

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            (FIRST[:40], "line 3: is not a JSON object"),
            (FIRST[:-1], "line 3: is not a JSON object"),
            ("<<<<<<< HEAD", "line 3: is an unresolved merge"),
            ("=======", "line 3: is an unresolved merge"),
            (">>>>>>> other", "line 3: is an unresolved merge"),
            ("||||||| base", "line 3: is an unresolved merge"),
            ("[" * 100_000, "line 3: is not a JSON object: it is nested too deeply"),
            (SECOND, "line 4: softmax/float32/stable of a.npy is there twice"),
            (INPUT, "line 3: a.npy is there twice"),
            (FIRST.replace('"elements": 4', '"elements": 4, "elements": 5'), "key 'elements'"),
            (FIRST.replace("ulp.max", "ulp.mx"), "'ulp.mx' is no figure of a baseline"),
            (FIRST.replace("ulp.max", "relative.max"), "is no figure of a baseline"),
            (FIRST.replace("3.5", "-1"), "ulp.max is -1: wanted a number that is 0 or more"),
            (FIRST.replace("3.5", "-1e-9"), "wanted a number that is 0 or more"),
            (FIRST.replace("3.5", "true"), "ulp.max is True: wanted"),
            (FIRST.replace("3.5", "null"), "ulp.max is None: wanted"),
            (FIRST.replace("3.5", "NaN"), "NaN is no number of JSON"),
            (FIRST.replace("3.5", "Infinity"), "Infinity is no number of JSON"),
            (FIRST.replace("3.5", '"nan"'), "ulp.max is 'nan': wanted"),
            (FIRST.replace("3.5", '"-inf"'), "ulp.max is '-inf': wanted"),
            (FIRST.replace("3.5", '"3.5"'), "ulp.max is '3.5': wanted"),
            (FIRST.replace("3.5", "[3.5]"), "ulp.max is nested: wanted"),
            (FIRST.replace("3.5", "9" * 400), "ulp.max is 9999"),
            (FIRST.replace("3.5", "9" * 5000), "line 3: is not a JSON object"),
            (FIRST.replace(" 4,", f" {10**30},"), "elements is 1000"),
            (FIRST.replace(" 4,", " 4.0,"), "elements is 4.0: wanted"),
            (FIRST.replace(" 4,", " true,"), "elements is True: wanted"),
            (FIRST.replace(" 4,", ' "inf",'), "elements is 'inf': wanted"),
            (FIRST.replace('"elements": 4, ', ""), "line 3: lacks 'elements'"),
            (FIRST.replace('"ulp.max": 3.5, ', ""), "line 3: lacks 'ulp.max'"),
            (FIRST.replace('"input": "a.npy", ', ""), "line 3: lacks 'input'"),
            (FIRST.replace('"a.npy"', "3"), "line 3: lacks 'input'"),
            (FIRST.replace(f'"{NAIVE}"', "3"), "line 3: lacks 'cell'"),
            ('{"input": "b.npy", "sha256": 3}', "line 3: lacks 'sha256'"),
            ('{"input": "b.npy", "sha256": "3"}', "line 3: sha256 is no hash"),
            (f'{{"input": "b.npy", "sha256": "{"3" * 64}"}}', "lacks lines of b.npy; write it"),
            (FIRST.replace(NAIVE, "softmax/stable"), "'softmax/stable' is no cell"),
            (FIRST.replace('"elements": 4', '"elements": 0'), "elements is 0, which does not fit"),
            (FIRST.replace('"ulp.mean": 0.25, ', ""), "lacks 'ulp.mean'"),
            (FIRST.replace("3.5", "1e400"), "ulp.max is inf: wanted a number"),
            (FIRST.replace("a.npy", "b.npy"), "lacks lines of b.npy"),
            (FIRST.replace('"cell"', '"temperature": 2.0, "cell"'), "a.npy (temperature 2.0)"),
            ("\x00\x01", "line 3: is not a JSON object"),
        ],
    )  # fmt: skip
    def test_of_a_line(self, line, says):
        text = "\n".join((HEAD, INPUT, line, SECOND))
        with pytest.raises(InputError) as caught:
            read_baseline(text, "base.txt")
        assert says in str(caught.value)
        assert str(caught.value).startswith("base.txt")
        assert len(str(caught.value)) < 250

    def test_lines_without_their_input(self):
        with pytest.raises(InputError, match=r"lacks lines of a\.npy"):
            read_baseline("\n".join((HEAD, FIRST, SECOND)), "base.txt")

    @given(st.integers(0, 10_000), st.integers(0, 255))
    def test_any_character(self, place, code):
        """A damaged byte is an error or another number: never another exception."""
        text = "\n".join(lines())
        place %= len(text)
        found = refused(text[:place] + chr(code) + text[place + 1 :])
        assert found is None or found.startswith("base.txt")

    @given(st.integers(0, 10_000))
    def test_a_truncated_file(self, length):
        """Without the last line break it is still whole; without more, lines are missing."""
        text = "\n".join(lines())
        cut = text[: length % len(text)]
        if refused(cut):
            return
        found = read_baseline(cut, "base.txt")
        named = {name for of in found.cells.values() for name in of}
        assert named < {STABLE, NAIVE}
        judged = judge(report(audit(cell(STABLE), cell(NAIVE))), [], found).judgement
        assert not judged.passed  # which is what is missing from it: new

    def test_blank_lines_and_spaces_do_no_harm(self):
        text = "\n\n".join(f"  {line} " for line in lines())
        assert read_baseline(text, "b").cells == read_baseline("\n".join(lines()), "b").cells


class TestTolerance:
    """Worse beyond max(10 %, 0.5), or beyond 2 × on another processor: by hand."""

    @pytest.mark.parametrize(
        ("known", "limit"),
        [(0.0, 0.5), (0.5, 1.0), (4.0, 4.5), (5.0, 5.5), (5.1, 5.61), (100.0, 110.0), (inf, inf)],
    )
    def test_here(self, known, limit):
        assert Tolerance().limit(known, elsewhere=False) == pytest.approx(limit, rel=1e-15)

    @pytest.mark.parametrize(
        ("known", "limit"), [(0.0, 0.5), (0.25, 0.75), (0.5, 1.0), (7.0, 14.0)]
    )
    def test_elsewhere(self, known, limit):
        assert Tolerance().limit(known, elsewhere=True) == limit

    def test_set(self):
        tight = Tolerance(percent=0, ulp=0, elsewhere=1)
        assert {tight.limit(3.0, elsewhere=e) for e in (True, False)} == {3.0}
        assert Tolerance(percent=50, ulp=0.1).limit(3.0, elsewhere=False) == 4.5
        assert Tolerance(percent=150).limit(3.0, elsewhere=True) == 7.5  # never tighter than here

    @pytest.mark.parametrize(
        "given", [{"percent": -1}, {"ulp": -0.1}, {"elsewhere": 0.5}, {"percent": inf},
                  {"ulp": float("nan")}, {"elsewhere": inf}],
    )  # fmt: skip
    def test_what_is_none(self, given):
        (name,) = given
        with pytest.raises(OptionError, match=f"tolerance {name} .*: must be [01] or more"):
            Tolerance(**given)

    @pytest.mark.parametrize(
        ("before", "now", "standing"),
        [
            (10.0, 11.0, None),
            (10.0, 11.000000000000002, "worse"),
            (1.0, 1.5, None),
            (1.0, 1.5000000000000002, "worse"),
            (10.0, 9.5, None),
            (10.0, 9.0, "fixed"),  # 9 and its tenth are less than 10
            (1.0, 0.5, None),
            (1.0, 0.4, "fixed"),
            (3.0, inf, "worse"),
            (inf, 3.0, "fixed"),
            (inf, inf, None),
        ],
    )
    @pytest.mark.parametrize("metric", ULP)
    def test_errors_in_ulp(self, metric, before, now, standing):
        found = changes(one({metric: before}), one({metric: now}))
        assert found == ([] if standing is None else [(standing, STABLE, metric)])

    @pytest.mark.parametrize("metric", COUNTS)
    @pytest.mark.parametrize(
        ("before", "now", "standing"),
        [(0, 1, "worse"), (5, 6, "worse"), (6, 5, "fixed"), (1, 0, "fixed"), (5, 5, None),
         (2**60, 2**60 + 1, "worse")],
    )  # fmt: skip
    def test_counts_are_exact(self, metric, before, now, standing):
        for features in (FEATURES, ["SVE"]):  # on every processor
            old, new = one({metric: before}), one({metric: now}, features=features)
            assert changes(old, new) == ([] if standing is None else [(standing, STABLE, metric)])

    def test_fewer_elements_are_worse(self):
        assert changes(one({"elements": 5}), one({"elements": 4})) == [
            ("worse", STABLE, "elements")
        ]
        assert changes(one({"elements": 4}), one({"elements": 5})) == []


class TestElsewhere:
    """Another processor: 2 × for what depends on it, and the gate says so."""

    def test_only_what_depends_on_the_processor_may_grow(self):
        names = (STABLE, "softmax/float64/stable", NARROW, NAIVE, "softmax/bfloat16:float32/stable",
                 "softmax/float16:float16:float16:numpy/stable")  # fmt: skip
        old = report(audit(*(cell(name, {"ulp.max": 10.0}) for name in names)))
        new = report(audit(*(cell(name, {"ulp.max": 20.0}) for name in names)), features=["SVE"])
        found = compared(old, new)
        assert {c.cell for c in found.changes} == {NARROW, NAIVE}
        (note,) = found.notes
        assert note.startswith("the processor's features are not those of base.txt")
        assert "from 2 × on" in note
        worst = report(audit(*(cell(name, {"ulp.max": 20.1}) for name in names)), features=["SVE"])
        assert {c.cell for c in compared(old, worst).changes} == set(names)

    def test_here_nothing_is_said(self):
        assert compared(one(), one()).notes == ()
        assert compared(one(), one(features=FEATURES[::-1])).notes == ()

    def test_narrow_cells_alone_depend_on_no_processor(self):
        old, new = one(name=NARROW), one(name=NARROW, features=["SVE"])
        assert compared(old, new).notes == ()

    def test_other_versions_and_other_bytes_are_said(self):
        new = report(audit(cell(STABLE), sha256="1" * 64), numpy="3.0")
        found = compared(one(), new)
        assert found.passed
        assert found.notes == (
            "a.npy: its bytes are not those that the baseline was made of",
            "base.txt was written with numpy 2.x, this is 3.0",
        )


class TestStandings:
    """New, worse, fixed and stale are told apart; all but fixed fail."""

    def test_each(self):
        old = report(
            audit(cell(STABLE, {"ulp.max": 9.0}), cell(NAIVE, {"overflow.nan": 2}), cell(NARROW)),
            audit(cell(STABLE), name="gone.npy"),
        )
        new = report(
            audit(cell(STABLE, {"ulp.max": 99.0}), cell(NAIVE), cell("softmax/float64/naive")),
            audit(cell(STABLE), cell(NAIVE), name="more.npy"),
        )
        found = compared(old, new)
        shown = [(c.standing, c.input, c.cell, c.passed, plain(c.text)) for c in found.changes]
        assert shown == [
            ("worse", "a.npy", STABLE, False, "ulp.max is 99, was 9: up to 9.9 is tolerated"),
            ("new", "a.npy", "softmax/float64/naive", False,
             "not in the baseline; --write-baseline takes it in"),
            ("new", "more.npy", "*", False,
             "2 cells not in the baseline; --write-baseline takes it in"),
            ("stale", "a.npy", NARROW, False,
             "in the baseline, and not computed; --write-baseline leaves it out"),
            ("stale", "gone.npy", "*", False,
             "the input was not audited, and the baseline has 1 cell of it; "
             "--write-baseline leaves it out"),
            ("fixed", "a.npy", NAIVE, True, "overflow.nan is 0, was 2"),
        ]  # fmt: skip
        assert found.compared == 5
        assert not found.passed
        assert all(not failure.passed for failure in found.failures)
        assert len(found.failures) == 5

    @pytest.mark.parametrize("rest", [{"temperature": 2.0}, {"sampled": 3}, {"axis": 0}])
    def test_the_same_input_with_other_settings_is_new_and_stale(self, rest):
        found = compared(one(), report(audit(cell(STABLE), **rest))).changes
        assert [c.standing for c in found] == ["new", "stale"]
        (name,) = rest
        assert f"({name} {rest[name]})" in found[0].text

    def test_fixed_alone_passes(self):
        found = compared(one({"ulp.max": 9.0}), one({"ulp.max": 2.0}))
        assert [c.standing for c in found.changes] == ["fixed"]
        assert found.passed
        assert found.failures == ()

    def test_requirements_stay_in_force(self):
        old = new = one({"ulp.max": 50.0})
        assert compared(old, new).passed
        found = compared(old, new, None, "*: ulp.max <= 40")
        assert (found.changes, found.passed) == ((), False)

    def test_digits_tell_the_measured_from_the_tolerated(self):
        found = compared(one({"ulp.max": 10.0}), one({"ulp.max": 11.000000000000002})).changes[0]
        assert plain(found.text) == ("ulp.max is 11.000000000000002, was 10: up to 11 is tolerated")

    def test_the_command_requires_what_is_tolerated(self):
        (found,) = compared(one({"ulp.max": 10.0}), one({"ulp.max": 99.0})).changes
        assert found.command.endswith(f"--require '{STABLE}: ulp.max <= 11'")
        (found,) = compared(one({"elements": 9}), one({"elements": 8})).changes
        assert found.command.endswith(f"--require '{STABLE}: elements >= 9'")

    def test_where_no_element_has_an_error(self):
        """Every answer is infinite: then a change from or to that is told, whatever the errors."""
        nothing = dict.fromkeys(ULP)
        assert changes(one(nothing), one(nothing)) == []
        assert changes(one(), one(nothing)) == [("stale", STABLE, None)]
        assert changes(one(nothing), one()) == [("new", STABLE, None)]

    def test_where_nothing_was_judged(self):
        """All logits are NaN, say: no count means anything then, and nothing can be compared."""
        nothing = dict.fromkeys(ULP) | {"elements": 0, "correctly_rounded": 0, "rows.nan": 3}
        with pytest.raises(UnjudgedError, match=f"could be judged in {STABLE}: 3 nan"):
            changes(one(), one(nothing))
        with pytest.raises(UnjudgedError, match="no row of it could be judged"):
            baseline(one(nothing))

    def test_fewer_correctly_rounded_results_are_worse(self):
        some, fewer = one({"correctly_rounded": 3}), one({"correctly_rounded": 2})
        assert changes(some, fewer) == [("worse", STABLE, "correctly_rounded")]
        assert changes(fewer, some) == [("fixed", STABLE, "correctly_rounded")]
        elsewhere = report(audit(cell(STABLE, {"correctly_rounded": 2})), numpy="3.0")
        assert changes(some, elsewhere) == []  # NumPy's exp in float32 may be another
        narrow = [report(audit(cell(NAIVE, {"correctly_rounded": n})), numpy=v)
                  for n, v in ((3, "2.x"), (2, "3.0"))]  # fmt: skip
        assert changes(*narrow) == [("worse", NAIVE, "correctly_rounded")]

    def test_a_report_beside_its_own_baseline(self):
        rng = np.random.default_rng(5)
        figures = [{"ulp.max": float(v), "ulp.p99": float(v) / 3} for v in rng.exponential(50, 20)]
        for made in figures:
            assert changes(one(made), one(made), Tolerance(0, 0, 1)) == []
