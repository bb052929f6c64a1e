"""Each invariance broken by hand, and what must hold of our own algorithms."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from softaudit.implementations import Interrupted
from softaudit.sources import read
from softaudit.sources.array import from_array
from softaudit.studies.invariance import LEAST_ROWS, MOST_LOGITS, chosen_rows, invariance
from softaudit.studies.probed import Difference
from softaudit.studies.probes import PROBES
from softaudit.studies.respondents import Ours

from .asked import CHANGES, UNIT, ZEROS, Function, asked


def by_way(found, probe):
    (probed,) = (p for p in found.probes if p.probe == probe)
    return {way.way: way.largest.ulp if way.largest else 0.0 for way in probed.ways}


@pytest.mark.parametrize(
    ("name", "probe", "distances"),
    [
        # Zeros can be shifted by any power of two: the first, the one of their size, the last.
        ("shifted", "shift", {"+2^-10": 0, "+2^0": 1, "+2^11": 1,
                              "-2^-10": 0, "-2^0": 0, "-2^11": 0}),
        # Scattered by i/φ modulo 1, which is 0, .618, .236, .854: columns 0, 2, 1, 3.
        ("placed", "permutation", {"reversed": 3, "scattered": 1}),
        # Row i of 3 gets i units.  The places of a batch are rows 0, 1, 2, 0, … in turn: in the
        # last place of 7, and of 64, stands row 0.
        ("numbered", "batch", {"in batches of 1": 2, "in batches of 7": 6, "in batches of 64": 63}),
        ("counted", "batch", {"in batches of 1": 2, "in batches of 7": 4, "in batches of 64": 61}),
        # Along a row: 3 numbers in between, and 1.
        ("strided", "layout", {"transposed": 2, "strided": 1}),
        ("threaded", "threads", {"by one thread": 5}),
    ],
)  # fmt: skip
def test_one_invariance_is_broken_and_no_other(name, probe, distances):
    found = asked(name)
    assert by_way(found, probe) == distances
    rest = {p.probe: p.verdict for p in found.probes if p.probe != probe}
    assert rest == dict.fromkeys(PROBES.keys() - {probe}, "same")


def test_runs_that_differ():
    found = asked("drifting", probes=["run"])
    assert by_way(found, "run") == {"asked again": 1, "in a new process": 2}


def test_one_whose_answers_differ_is_told_of_whatever_is_asked():
    found = asked("drifting", "steady", probes=["batch"])
    assert [(p.implementation, p.probe, p.verdict) for p in found.probes] == [
        ("drifting", "batch", "differs"),
        ("drifting", "run", "differs"),
        ("steady", "batch", "same"),
    ]  # fmt: skip
    assert found.unsteady == ("drifting",)


def test_a_wait_that_is_interrupted_leaves_its_cell_out():
    def interrupted(x, threads):
        raise Interrupted("was interrupted")

    found = invariance(ZEROS, [Function("a", CHANGES["steady"]), Function("b", interrupted)],
                       functions=["softmax"], formats=["float16", "float32"])  # fmt: skip
    assert found.partial == 2
    assert {p.implementation for p in found.probes} == {"a"}


def test_what_differs_is_counted_and_placed():
    (probed,) = asked("placed", probes=["permutation"]).probes
    reverse, scattered = probed.ways
    assert (reverse.rows, reverse.left_out, reverse.elements, reverse.differ) == (3, 0, 12, 12)
    assert reverse.largest == Difference((0, 0), 0.25, 0.25 + 3 * UNIT, 3.0)
    assert scattered.differ == 6  # columns 1 and 2 of each row
    assert (probed.verdict, probed.distance, probed.worst) == ("differs", 3.0, reverse)


def test_an_index_is_that_of_the_logits():
    logits = from_array(np.zeros((2, 3, 4)), axis=0)
    (probed,) = asked("numbered", logits=logits, probes=["batch"]).probes
    assert probed.ways[0].largest.index == (2, 3, 0)  # the last row; the class axis goes last
    (probed,) = asked("numbered", logits=logits, functions=["logsumexp"], probes=["batch"]).probes
    assert probed.ways[0].largest.index == (2, 3)


def test_a_sequential_sum_depends_on_the_order():
    """1 + 64 terms of 2^-12, in float16: they vanish one by one behind the 1, and not before it.

    1 + 2^-6 has the reciprocal 0.98461…, 2016.49 times 2^-11; the exact 0.987 has its ulp as well.
    """

    def softmax(x, threads):
        terms = np.where(x == 0, 1.0, 2.0**-12).astype(np.float16)
        total = np.cumsum(terms, axis=-1, dtype=np.float16)[:, -1:]
        return ((terms / total).astype(np.float64) - 0.25) / UNIT

    logits = from_array([[0.0] + [-8.5] * 64])
    found = invariance(logits, [Function("sequential", softmax)], functions=["softmax"],
                       formats=["float16"], probes=["permutation"])  # fmt: skip
    (probed,) = found.probes
    assert probed.ways[0].largest == Difference((0, 0), 1.0, 2016 / 2048, 32.0)


def test_a_shift_changes_naive_and_not_stable():
    """x − m has the same bits; exp of a sum with 2^11 is beyond every one of these formats.

    It is exact in the second row: 2^11 + 4 is even, and the others are below 2^11.
    """
    rows = "[[0, 1, -3.5, 2], [-8, 4, 4, -1]]"
    found = invariance(read(rows)[0], [Ours("naive"), Ours("stable")], probes=["shift"])
    for probed in found.probes:
        assert "+2^11" in {way.way for way in probed.ways} or probed.format != "float16"
        assert all(way.rows for way in probed.ways)
        if probed.implementation == "stable":
            assert (probed.verdict, probed.distance) == ("same", 0.0)
        else:
            assert (probed.verdict, probed.distance) == ("differs", inf)


def test_a_tree_of_a_power_of_two_is_its_own_mirror():
    rng = np.random.default_rng(5)
    logits = from_array(rng.normal(0, 3, (20, 16)))
    found = invariance(logits, [Ours("stable")], functions=["softmax", "logsumexp"],
                       probes=["permutation", "batch", "run"])  # fmt: skip
    for probed in found.probes:
        ways = {way.way: way.differ for way in probed.ways}
        assert ways.pop("scattered", None) != 0
        assert set(ways.values()) == {0}


def test_special_rows_are_the_same_as_themselves():
    rows = [[np.nan, 1.0, 2.0], [-np.inf] * 3, [np.inf, 0.0, 1.0], [-np.inf, 0.0, 0.0]]
    found = invariance(from_array(rows), [Ours("stable")], functions=["softmax", "log_softmax"],
                       probes=["batch", "permutation", "run"])  # fmt: skip
    assert {p.verdict for p in found.probes} == {"same"}


def test_masks_stay_when_the_others_are_shifted():
    rows = [[-np.inf, 0.0, 1.0], [-np.inf] * 3]
    found = invariance(from_array(rows), [Ours("stable")], probes=["shift"])
    assert {(w.rows, w.left_out) for p in found.probes for w in p.ways} == {(1, 1)}
    assert {p.verdict for p in found.probes} == {"same"}


def test_a_row_masked_by_the_least_number_leaves_the_others_theirs():
    rows = [[float(np.finfo(np.float32).min), 1.5, 2.0], [0.5, 1.5, 2.0], [1.0, 4.0, 3.0]]
    found = invariance(from_array(rows), [Ours("stable")], formats=["float32"], probes=["shift"])
    most = {way.way: way.rows for way in found.probes[0].ways}
    # 2^-21 is the last place of 4; 2^23 + ½ is rounded, and so is 2^24 + 1, but not 2^24 − 1.
    assert most == {"+2^-21": 2, "+2^2": 2, "+2^23": 1, "-2^-21": 2, "-2^2": 2, "-2^24": 1}


def test_what_is_not_asked_has_its_reason():
    found = invariance(read("[0.1]")[0], [Ours("stable")], functions=["softmax", "logsumexp"],
                       formats=["float16"])  # fmt: skip
    reasons = {(p.function, p.probe): p.reason for p in found.probes if p.verdict == "not asked"}
    assert reasons[("logsumexp", "shift")] == "logsumexp changes, and the change is rounded"
    assert reasons[("softmax", "permutation")] == "a row of one logit has one order"
    assert "contiguous" in reasons[("softmax", "layout")]
    assert "one thread" in reasons[("softmax", "threads")]
    assert ("softmax", "shift") not in reasons


def test_no_shift_of_logits_that_fill_the_format():
    """No c that is no multiple of 2^-5, for the third; above 2, the first two have no bit 2^-10."""
    logits = from_array([[2 - 2**-10, 2**-10 - 2, 32 + 2**-5]])
    found = invariance(logits, [Ours("stable")], formats=["float16"], probes=["shift"])
    assert {p.verdict for p in found.probes} == {"not asked"}
    assert "without rounding" in found.probes[0].reason


def test_the_others_go_on_where_there_is_no_answer():
    found = asked("refusing", "refusing-7", "counted")
    verdicts = {(p.implementation, p.probe): p.verdict for p in found.probes}
    assert {verdicts["refusing", probe] for probe in PROBES} == {"no answer"}
    assert verdicts["refusing-7", "batch"] == "no answer"
    assert {verdicts["refusing-7", probe] for probe in PROBES.keys() - {"batch"}} == {"same"}
    assert verdicts["counted", "batch"] == "differs"
    silent = (p for p in found.probes if p.implementation == "refusing-7" and not p.answered)
    (stopped,) = silent
    assert [way.way for way in stopped.ways] == ["in batches of 1"]
    assert (stopped.reason, stopped.answered) == ("exits with 3", False)


def test_what_an_implementation_does_not_have_is_skipped():
    found = asked("steady", formats=["float16", "float64"])
    assert [s.cell for s in found.skipped] == ["softmax/float64/steady"]
    assert {p.format for p in found.probes} == {"float16"}


def test_it_stops_when_told_and_says_how_far_it_came():
    parts = []

    def heard(part: float) -> bool:
        parts.append(part)
        return part >= 0.5

    found = asked("steady", "placed", formats=["float16", "float32"], heard=heard)
    assert parts == [0, 0.25, 0.5]
    assert found.partial == 2
    assert {p.implementation for p in found.probes} == {"steady"}
    assert asked("steady").partial is None


def test_rows_are_evenly_spaced_and_bounded():
    assert chosen_rows(ZEROS, None).tolist() == [0, 1, 2]
    assert chosen_rows(ZEROS, 2).tolist() == [0, 1]
    many = from_array(np.zeros((3 * MOST_LOGITS, 1), dtype=np.float16))
    assert chosen_rows(many, None).tolist() == list(range(0, 3 * MOST_LOGITS, 3))
    long = from_array(np.zeros((3 * LEAST_ROWS, MOST_LOGITS), dtype=np.float16))
    assert len(chosen_rows(long, None)) == LEAST_ROWS
