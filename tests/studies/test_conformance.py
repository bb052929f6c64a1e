"""Conformance: what is expected, by hand and by mpmath, and what is said of a reply."""

from __future__ import annotations

from math import inf, isnan, log, nan

import numpy as np
import pytest
from mpmath import exp, fsum, log1p, mp, mpf

from softaudit.formats import FORMATS
from softaudit.implementations import Answer, Implementation, Interrupted, Unanswered
from softaudit.studies import respondents
from softaudit.studies.conformance import conformance, runs
from softaudit.studies.edge_rows import EDGE_ROWS
from softaudit.studies.respondents import Ours, Theirs, Unasked

from .asked import Respondent


def F32(value):  # noqa: N802  a number format
    return float(np.float32(value))


FUNCTIONS = ("softmax", "log_softmax", "logsumexp")


class Saying(Respondent):
    """Somebody who says what a test wants."""

    formats = tuple(FORMATS)

    def __init__(self, answer, name="saying"):
        super().__init__(name)
        self.answer = answer

    def ask(self, function, logits, form):
        if isinstance(self.answer, Exception):
            raise self.answer
        return Answer(np.array([self.answer], dtype=np.float64), ("prints",))


def only(found):
    (question,) = found.questions
    return question


def reply(answer, edge_row, function="softmax", form="float32"):
    return only(conformance([Saying(answer)], [function], [form], [edge_row])).replies[0]


def expected(edge_row, function, form="float32"):
    return only(conformance([], [function], [form], [edge_row])).expected


def unrolled(values):
    return [value for value, times in values for _ in range(times)]


@pytest.mark.parametrize(
    ("edge_row", "function", "values"),
    [
        ("all-masked", "softmax", [nan] * 3),
        ("all-masked", "logsumexp", [-inf]),
        (
            "partly-masked",
            "log_softmax",
            [F32(-1.3132616875182228), -inf, F32(-0.3132616875182228)],
        ),
        ("one-infinity", "log_softmax", [nan] * 3),
        ("both-infinities", "logsumexp", [inf]),
        ("nan-beside-mask", "softmax", [nan] * 2),
        ("empty", "softmax", []),
        ("empty", "logsumexp", [-inf]),
        ("one-logit", "softmax", [1]),
        ("one-mask", "log_softmax", [nan]),
        ("zeros", "softmax", [0.5, 0.5]),
        ("negative-zero", "log_softmax", [0]),
        ("vanishing-result", "softmax", [1, 0]),
        ("least-result", "softmax", [1, 2.0**-149]),
        ("largest", "softmax", [F32(1 / 3)] * 3),
        ("largest-and-zero", "log_softmax", [-float(np.finfo(np.float32).max), 0]),
        ("both-extremes", "log_softmax", [0, -inf]),
        ("lowest-and-mask", "softmax", [0, 0.5, 0.5]),
        ("equal-4096", "softmax", [2.0**-12] * 4096),
        ("equal-65536", "logsumexp", [F32(log(65536))]),
        ("gap-40-at-zero", "logsumexp", [F32(4.248354255291589e-18)]),
    ],
)
def test_expected_by_hand(edge_row, function, values):
    found = unrolled(expected(edge_row, function).values)
    assert found == pytest.approx(values, rel=1e-9, abs=0, nan_ok=True)


def test_degenerate_rows_have_a_convention_and_others_an_exact_answer():
    degenerate = {"all-masked", "one-mask", "one-infinity", "two-infinities", "both-infinities",
                  "nan", "nan-beside-mask", "empty"}  # fmt: skip
    found = conformance([], ["softmax"], ["float32"])
    assert {q.edge_row.name for q in found.questions if q.expected.convention} == degenerate
    found = conformance([], ["logsumexp"], ["float32"])
    by_convention = {q.edge_row.name for q in found.questions if q.expected.convention}
    assert by_convention == {"nan", "nan-beside-mask", "empty"}
    assert all(bool(q.expected.exact) != bool(q.expected.convention) for q in found.questions)


def by_mpmath(function: str, row: list[float]):
    """Give exact values to 1200 bits, log Σ of a single maximum by log1p."""
    top = max(row)
    others = [exp(mpf(x) - top) for i, x in enumerate(row) if i != row.index(top)]
    log_sum = log1p(fsum(others))
    if function == "logsumexp":
        return [top + log_sum]
    logs = [mpf(x) - top - log_sum for x in row]
    return logs if function == "log_softmax" else [exp(y) for y in logs]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_expected_by_mpmath_in_float64(function):
    finite = [name for name, row in EDGE_ROWS.items()
              if 0 < row.logits(FORMATS["float64"]).size < 5
              and np.isfinite(row.logits(FORMATS["float64"])).all()]  # fmt: skip
    assert len(finite) > 20
    with mp.workprec(1200):
        for question in conformance([], [function], ["float64"], finite).questions:
            exact = by_mpmath(function, unrolled(question.logits))
            assert unrolled(question.expected.values) == [float(y) for y in exact]
            told = unrolled(question.expected.exact)
            assert all(
                abs(mpf(t) - y) <= abs(y) * mpf("1e-24") for t, y in zip(told, exact, strict=True)
            )


@pytest.mark.parametrize(
    ("answer", "edge_row", "verdict", "ulp"),
    [
        ([0.5, 0.5], "zeros", "correct", 0),
        ([0.5, 0.5 + 2**-24], "zeros", "close", 1),
        ([0.5, 0.5 - 2**-25], "zeros", "close", 0.5),  # the ulp is that of what is exact
        ([0.5, 0.5 + 4 * 2**-24], "zeros", "close", 4),
        ([0.5, 0.5 + 5 * 2**-24], "zeros", "off", 5),
        ([0.5, nan], "zeros", "off", inf),
        ([-0.0, 0.5, 0.5], "lowest-and-mask", "correct", 0),  # −0 equals 0
        ([nan, nan, nan], "all-masked", "correct", None),
        ([0, 0, 0], "all-masked", "other convention", None),  # a safe softmax
        ([F32(1 / 3)] * 3, "all-masked", "other convention", None),  # equal masks
        ([0, 1, 0], "one-infinity", "other convention", None),  # the limit
        ([0.5, 0, 0.5], "two-infinities", "other convention", None),
        ([0, nan, 0], "one-infinity", "other convention", None),  # finite / ∞, ∞ / ∞
        ([nan, 1, nan], "one-infinity", "off", None),
        ([0, 0, 0], "one-infinity", "off", None),
        ([0, 2, 0], "one-infinity", "off", None),
        ([0.5, nan, 0.5], "nan", "off", None),
        ([], "empty", "correct", None),
    ],
)
def test_verdicts(answer, edge_row, verdict, ulp):
    found = reply(answer, edge_row)
    assert (found.verdict, found.ulp) == (verdict, ulp)
    assert found.deviates == (verdict in ("off", "other convention"))
    assert found.fails == (verdict == "off")
    assert found.remarks == ("prints",)


@pytest.mark.parametrize(
    ("answer", "edge_row", "verdict"),
    [
        ([45.05, nan, 46.05], "nan", "off"),  # onnxruntime 1.32.0 in float64
        ([0, 0], "nan-beside-mask", "off"),
        ([-inf, nan, -inf], "one-infinity", "other convention"),
        ([-inf, 0, -inf], "one-infinity", "other convention"),
        ([F32(-log(2)), -inf, F32(-log(2))], "two-infinities", "other convention"),
        ([-inf, 1, -inf], "one-infinity", "off"),  # log p > 0
        ([-inf] * 3, "all-masked", "other convention"),
        ([0], "one-mask", "other convention"),  # the share of one is 1
        ([0] * 3, "all-masked", "off"),  # they would add up to 3
    ],
)
def test_other_conventions_of_log_softmax(answer, edge_row, verdict):
    assert reply(answer, edge_row, "log_softmax").verdict == verdict


def test_a_format_without_infinities_is_not_asked_for_one():
    found = reply([-448], "empty", "logsumexp", "float8_e4m3fn")
    assert found.verdict == "not asked"
    assert found.reason == "the answer is −∞, which float8_e4m3fn does not have"


def test_what_is_left_after_somebody_had_enough():
    asked = []

    def heard(name, done, whole):
        asked.append((name, done, whole))
        return len(asked) > 3

    whoever = [Saying([0.5, 0.5], "a"), Saying([0.5, 0.5], "b")]
    rows = ["zeros", "both-extremes"]
    found = conformance(whoever, ["softmax"], ["float16"], rows, heard)
    assert found.partial == 3
    assert [r.verdict for q in found.questions for r in q.replies].count("not asked") == 1
    assert "had enough" in found.questions[1].replies[1].reason
    assert conformance(whoever, ["softmax"], ["float16"], rows).partial is None


def test_a_wait_that_is_interrupted_ends_the_run():
    found = conformance([Saying(Interrupted("was interrupted"))], ["softmax"], ["float16"])
    assert found.partial == 0
    assert {r.verdict for q in found.questions for r in q.replies} == {"not asked"}


def test_large_masks_are_rounded_and_held():
    rows = {form: EDGE_ROWS["mask-1e4"].logits(FORMATS[form]) for form in FORMATS}
    assert rows["float16"].tolist() == [[0, -10000, 1]]
    assert rows["bfloat16"].tolist() == [[0, -9984, 1]]  # 39 · 2^8: a last place is 64
    assert rows["float8_e4m3fn"] is None
    assert EDGE_ROWS["mask-1e9"].logits(FORMATS["float16"]) is None


def test_the_lowest_number_less_half_the_largest_overflows():
    ((value, _), (masked, _), _) = expected("lowest-and-large", "log_softmax", "float16").values
    assert value == float(np.float16(-log(2)))
    assert masked == -inf


def test_an_infinite_answer_is_returned_or_it_is_not():
    lowest = -float(np.finfo(np.float32).max)
    assert reply([0, -inf], "both-extremes", "log_softmax").verdict == "correct"
    assert reply([0, lowest], "both-extremes", "log_softmax").ulp == inf
    assert reply([-inf], "all-masked", "logsumexp").verdict == "correct"
    assert reply([nan], "all-masked", "logsumexp").verdict == "off"


def test_the_worst_element_is_told():
    found = reply([0.0, -40.0], "gap-40", "log_softmax", "float64")
    assert (found.worst.index, found.worst.returned) == (0, 0.0)
    assert found.worst.exact == "-4.248354255291588986304978e-18"
    # y / 2^(⌊log2 y⌋ − 52), with 2^−58 ≤ 4.248e-18 < 2^−57
    assert found.ulp == pytest.approx(4.248354255291588986e-18 / 2.0**-110, rel=1e-12)


def test_no_answer_and_no_question():
    assert reply(Unanswered("dies"), "zeros").verdict == "no answer"
    assert reply(Unanswered("dies"), "zeros").deviates
    assert reply(Unasked("takes no such rows"), "zeros").reason == "takes no such rows"
    found = reply([0.5, 0.5], "shifted-1e8", form="float16")
    assert (found.verdict, found.reason) == ("not asked", "float16 does not hold the row")


def test_worst_first():
    answers = {"a": [0.5, 0.75], "b": Unanswered("dies"), "c": [0.5, nan], "d": [0.5, 0.5]}
    asked = [Saying(answer, name) for name, answer in answers.items()]
    found = conformance(asked, ["softmax"], ["float32"], ["zeros"])
    assert [r.respondent for _, r in found.deviations] == ["b", "c", "a"]


def test_own_algorithms():
    found = conformance(
        [Ours("naive"), Ours("stable"), Ours("log1p")],
        ["softmax"], ["float16"], ["one-infinity", "exp-overflows", "empty"],
    )  # fmt: skip
    infinite, large, empty = found.questions
    assert str(infinite.of("naive").values) == "((0.0, 1), (nan, 1), (0.0, 1))"
    assert infinite.of("stable").verdict == "correct"
    assert isnan(large.of("naive").values[0][0])
    assert large.of("stable").verdict == "correct"
    assert {r.verdict for r in empty.replies} == {"not asked"}
    assert large.of("log1p").reason == "has no softmax"


def test_runs():
    assert runs(np.array([[0.0, 0.0, -0.0, 1.0]])) == ((0.0, 2), (-0.0, 1), (1.0, 1))
    assert runs(np.zeros((1, 0))) == ()
    ((value, times),) = runs(np.array([nan, -nan]))
    assert isnan(value)
    assert times == 2


class Runner:
    """One that answers every second question."""

    about = None

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), 0

    def __call__(self, implementation, *, timeout, threads, stopped):
        self.stopped = stopped
        return self

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        pass

    def ask(self, function, logits, form, layout):
        self.asked += 1
        if self.answers.pop(0) is None:
            raise Unanswered("died")
        return Answer(np.full_like(logits, 0.5), ("prints",))


@pytest.fixture
def running(monkeypatch):
    """Let a runner take the place of those that start processes."""

    def run(functions, formats, runner):
        monkeypatch.setattr(respondents, "Runner", runner)
        return Theirs(Implementation("k.f", "k.py:f", "cpu", functions, formats))

    return run


def test_one_that_dies_loses_no_other_answer(running):
    one = running(("softmax",), ("float16", "float32"), Runner(0, None, 0, 0))
    forms = ["float16", "bfloat16", "float32"]
    found = conformance([one], FUNCTIONS[:2], forms, ["zeros", "negative-zero"])
    verdicts = [q.replies[0].verdict for q in found.questions]
    assert verdicts[:3] == ["correct", "not asked", "no answer"]
    assert verdicts[3] == "off"
    assert found.questions[6].replies[0].reason == "has no log_softmax"
    assert found.respondents[0].remarks == {
        f"softmax/{form}/k.f": ("prints",) for form in ("float16", "float32")
    }


def test_one_that_hangs_is_given_up(running, monkeypatch):
    monkeypatch.setattr(respondents, "WASTED", -1.0)
    runner = Runner(*[None] * 3)
    one = running(FUNCTIONS, tuple(FORMATS), runner)
    rows = ["zeros", "negative-zero"]
    found = conformance([one], ["softmax"], ["float16", "float32"], rows)
    assert runner.asked == 3
    one.heed(lambda: True)
    assert runner.stopped()
    assert "given up" in found.questions[3].replies[0].reason


def test_where_no_function_is_named_everybody_is_asked_for_what_is_usual():
    one = Saying([0.5, 0.5])
    one.usual = ("logsumexp",)
    found = conformance([one, Ours("online")], [], ["float32"], ["zeros"])
    assert found.functions == ("softmax", "logsumexp")
    (softmax, logsumexp) = found.questions
    assert softmax.of("saying").reason == "is taken for logsumexp; --function names others"
    assert softmax.of("online").verdict == "correct"
    assert logsumexp.of("saying").verdict == "off"
    assert logsumexp.of("online").reason == "has no logsumexp"
