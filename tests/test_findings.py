"""The sentences about small audits: what breaks, what loses, what holds, and what was left out."""

from __future__ import annotations

import re
from math import inf
from pathlib import Path

import numpy as np
import pytest

import softaudit
from softaudit.findings import findings
from softaudit.state import is_broken
from softaudit.wording import NO_BREAK

from .hard_rows import HARD_ROWS, LEAST_FLOAT32
from .thinning import diagonals

FIXTURES = Path(__file__).parent.parent / "fixtures"
NAN = float("nan")
NARROW = {"function": ["softmax", "log_softmax"], "format": ["float16", "bfloat16"]}


def told(logits, kind: str, **options) -> list[str]:
    """Give the sentences of a kind about an audit, with plain blanks."""
    found = findings(softaudit.audit(logits, **options))
    return [f.text.replace(NO_BREAK, " ") for f in found if f.kind == kind]


def test_kinds_come_in_order():
    found = findings(softaudit.audit([[40.0, 0.0], [0.0, LEAST_FLOAT32]]))
    kinds = list(dict.fromkeys(finding.kind for finding in found))
    assert kinds == ["note", "breaks", "loses", "errors", "holds"]


def test_exp_overflow_is_told_with_its_threshold_counts_and_first_place():
    (sentence,) = told(
        [[0.0, 1.0], [12.0, 13.0], [5.0, 20.0]],
        "breaks",
        function="softmax",
        format="float16",
    )
    assert sentence == "float16 naive: exp overflows above 11.09: 3 logits, 2 rows, first (1, 0)"


def test_a_vector_has_place_0():
    (sentence,) = told([0.0, 12.0], "breaks", function="softmax", format="float16")
    assert sentence.endswith("above 11.09: 1 logit, 1 row, first (1)")


@pytest.mark.parametrize(
    ("form", "above"), [("float16", "11.09"), ("bfloat16", "88.72"), ("float8_e4m3fn", "6.14")]
)
def test_thresholds_of_exp(form, above):
    (sentence,) = told([0.0, 100.0], "breaks", function="softmax", format=form, algorithm="naive")
    assert sentence.startswith(f"{form} naive: exp overflows above {above}: 1 logit")


def test_log_of_zero_says_what_to_use():
    (sentence,) = told(
        [0.0, -20.0], "breaks", function="log_softmax", format="float16", algorithm="log-of-softmax"
    )
    assert sentence == (
        "float16 log-of-softmax: log(0) = −inf: 1 result, 1 row, first (1); use stable"
    )


def test_sum_overflow_is_told():
    (sentence,) = told(
        np.zeros(65536), "breaks", function="softmax", format="float16", algorithm="stable"
    )
    assert sentence.startswith("float16 stable: a sum of finite terms overflows above 65504: 1 row")


def test_exponentials_that_vanish_are_told():
    """0/0 in both places."""
    (sentence,) = told(
        [-20.0, -20.0], "breaks", function="softmax", format="float16", algorithm="naive"
    )
    assert sentence == (
        "float16 naive: exp is subnormal below −9.70 and 0 below −17.33: 2 results, 1 row, "
        "first (0)"
    )


def test_rows_lost_to_the_cast_are_told():
    sentences = told(
        [[1.0, 2.0], [70000.0, 0.0], [-70000.0, -80000.0]],
        "breaks",
        function="softmax",
        format="float16",
    )
    assert sentences == ["float16 cast: 3 logits beyond ±65504; 2 rows lost, first (1)"]


def test_a_mask_that_float8_e4m3fn_cannot_hold_loses_its_row():
    (sentence,) = told([[0.0, -inf]], "breaks", function="softmax", format="float8_e4m3fn")
    assert sentence == "float8_e4m3fn cast: an infinity it lacks; 1 row lost, first (0)"


def test_answers_beyond_the_format_are_told():
    (sentence,) = told(
        [60000.0, -60000.0], "breaks", function="log_softmax", format="float16", algorithm="stable"
    )
    assert "log_softmax is beyond ±65504" in sentence
    assert sentence.endswith("1 element, 1 row, first (1)")


def test_an_infinite_answer_returned_as_nan_is_told():
    sentences = told(
        [-20.0, -inf], "breaks", function="log_softmax", format="float16", algorithm="naive"
    )
    assert any(
        s.endswith("an infinite answer is not returned as such: 1 result, 1 row, first (1)")
        for s in sentences
    )


def loss(logits, **options) -> tuple[str, str]:
    """Give cause and sentence of the only loss of an audit."""
    (finding,) = [f for f in findings(softaudit.audit(logits, **options)) if f.kind == "loses"]
    return finding.cause, finding.text.replace(NO_BREAK, " ")


def test_a_stalled_sum_is_told():
    """The rows add up to 3.9."""
    cause, sentence = loss(
        np.zeros(1000), function="softmax", format="bfloat16", order="sequential",
        algorithm="stable",
    )  # fmt: skip
    assert cause == "sum-stall"
    for words in ("softmax", "bfloat16", "sequential", "381 ULP", "the accumulator stalls"):
        assert words in sentence


def test_absorption_is_told_with_both_errors():
    """4.2e-18 is returned as 0: a relative error of 1."""
    cause, sentence = loss(
        [40.0, 0.0], function="log_softmax", format="float64", algorithm="stable"
    )
    assert cause == "absorption"
    for words in ("log_softmax", "float64", "5.5e15 ULP", "relative 1.0", "where p > ½"):
        assert words in sentence


def test_rounded_arguments_are_told():
    cause, sentence = loss([64.0, 0.2], function="softmax", format="bfloat16")
    assert cause == "argument-rounding"
    for words in ("softmax", "bfloat16", "relative 0.05", "from rounding x − m"):
        assert words in sentence


def test_rounded_quotients_are_told():
    _, sentence = loss([464.0, 448.0, 0.0], function="softmax", format="float64", temperature=3.0)
    assert "x/T" in sentence


def test_cancellation_is_told():
    cause, sentence = loss(
        [-177 / 256, -178 / 256], function="logsumexp", format="bfloat16", algorithm="stable"
    )
    assert cause == "cancellation"
    assert "nearly cancel" in sentence


def test_ordinary_rounding_is_no_loss():
    assert told([1.0, 2.0], "loses", function="softmax", format="bfloat16") == []


def test_masks_made_by_the_cast_are_noted():
    rows = [[0.0, 1.0, LEAST_FLOAT32], [2.0, LEAST_FLOAT32, LEAST_FLOAT32]]
    sentences = told(rows, "note", **NARROW)
    assert len(sentences) == 2
    for sentence, form, least in zip(
        sentences, ("float16", "bfloat16"), ("−65504", "−3.39e38"), strict=True
    ):
        assert sentence.startswith(f"{form}: 3 logits below {least} ")
        assert "−∞" in sentence
        assert {"3", "2"} <= set(re.findall(r"\b\d\b", sentence))
        assert sentence.endswith("first (0, 2)")


def test_rows_that_lost_every_logit_do_not_count_as_rows_with_new_masks():
    rows = [[-70000.0, -80000.0], [-70000.0, 1.0]]
    (sentence,) = told(rows, "note", function="softmax", format="float16")
    assert sentence.startswith("float16: 1 logit below −65504 ")
    assert sentence.endswith("first (1, 0)")
    assert not {"2", "3"} & set(re.findall(r"\b\d\b", sentence))


def test_degenerate_rows_are_noted_with_what_was_returned():
    rows = [[0.0, inf], [0.0, 1.0], [NAN, 1.0], [NAN, NAN], [-inf, -inf]]
    sentences = told(rows, "note", function="softmax", format="float16")
    assert len(sentences) == 3
    assert sentences[0] == (
        "2 rows with NaN are out of the statistics, first (2): every cell returned nan"
    )
    assert sentences[1] == (
        "1 row with +∞ is out of the statistics, first (0): "
        "softmax/float16/naive returned 0 and nan; softmax/float16/stable returned nan"
    )
    assert sentences[2] == (
        "1 row with nothing but −∞ is out of the statistics, first (4): every cell returned nan"
    )


def test_skipped_cells_are_noted():
    sentences = told(
        [1.0, 2.0], "note", function="softmax", format=["float16", "float64"], temperature=1e30
    )
    assert sentences == ["2 cells skipped: temperature 1e+30 becomes inf in float16"]


def narrowest(found) -> dict[str, str]:
    """Choose by the definition: least width, then least p99, among cells where nothing breaks."""
    sizes = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}
    best = {}
    for cell in found.cells:
        sound = not (
            cell.overflow["result"]
            or cell.overflow["mismatch"]
            or cell.overflow["forced"]
            or cell.underflow["premature"]
            or cell.rows["lost_to_cast"]
        )
        key = (sizes[cell.key.arithmetic.storage.name], cell.ulp["p99"])
        if sound and (cell.key.function not in best or key < best[cell.key.function][0]):
            best[cell.key.function] = key, cell.key.name
    return {function: name for function, (_, name) in best.items()}


@pytest.mark.parametrize(
    "logits",
    [
        [40.0, 0.0],
        [1.0, 2.0],
        [[12.0, 1.0], [0.0, 0.5]],
        [300.0, 0.0, -20.0],
        [70000.0, 69000.0],
        [[0.0, -20.0], [-90.0, -95.0]],
    ],
)
def test_what_holds_is_the_narrowest_sound_format(logits):
    found = softaudit.audit(logits)
    holds = {f.cells[0].split("/")[0]: f.cells[0] for f in findings(found) if f.kind == "holds"}
    assert holds == narrowest(found)


def test_what_holds_is_told_with_its_p99():
    """Thirds: 1/3 is 1365.33/4096, and a third of an ulp off; softmax has no other element."""
    (sentence,) = told([0.0] * 3, "holds", function="softmax", format=["float16", "float32"])
    assert sentence.startswith("narrowest: softmax/float16/naive (p99 0.33")


def test_nothing_holds():
    (sentence,) = told([70000.0, 0.0], "holds", function="softmax", format="float16")
    assert sentence == "softmax: no row could be judged"
    (sentence,) = told([12.0, 0.0], "holds", function="softmax", format="float16",
                       algorithm="naive")  # fmt: skip
    assert sentence.startswith("softmax: nothing")


def test_formats_that_break_alike_are_told_together():
    (sentence,) = told([100.0, 0.0], "breaks", function="softmax", format=["float32", "bfloat16"])
    assert "exp overflows above 88.72: 1 logit, 1 row, first (0)" in sentence
    assert "float32" in sentence
    assert "bfloat16" in sentence


HALVES = [("float16", "float64", "float8_e4m3fn"), ("bfloat16", "float32", "float8_e5m2")]
"""Of the formats: rows take them in turn."""


@pytest.mark.parametrize(("case", "formats"), diagonals(list(enumerate(HARD_ROWS)), HALVES))
def test_whatever_breaks_is_told_and_nothing_else(case, formats):
    """Every cell with a result that is not finite, or vanished, though it should not."""
    number, row = case
    found = softaudit.audit(
        HARD_ROWS[row],
        function=["softmax", "log_softmax", "logsumexp"],
        format=formats,
        temperature=0.01 if number % 3 == 0 else 1.0,
    )
    by_kind = {kind: set() for kind in ("note", "breaks", "loses", "errors", "closer", "holds")}
    for finding in findings(found):
        by_kind[finding.kind] |= set(finding.cells)
    for cell in found.cells:
        name, premature = cell.key.name, cell.underflow["premature"]
        wrong = premature or cell.rows["lost_to_cast"] or cell.ulp["max"] == inf
        if wrong:
            assert is_broken(cell), name
        if not (wrong or cell.overflow["mismatch"] or cell.overflow["zeroed"]):
            assert not is_broken(cell), name
        broken = is_broken(cell) or cell.overflow["forced"] > 0
        assert (name in by_kind["breaks"]) == broken, name
    assert not by_kind["holds"] & by_kind["breaks"]


def test_zeros_that_are_merely_rounded_too_early_are_not_called_infinite():
    """Of float8_e5m2: finite results, two of them 0 where the nearest number is not."""
    rows = np.load(FIXTURES / "digits_mlp.npy")[442:443]
    found = softaudit.audit(rows, function=["softmax"], format=["float8_e5m2"], algorithm=["naive"])
    texts = [finding.plain for finding in findings(found) if finding.kind == "breaks"]
    assert np.isfinite([w.computed for w in found.cells[0].worst]).all()
    assert texts == ["float8_e5m2 naive: results are 0 too early: 2 results, 1 row, first (0, 0)"]


def test_what_rounding_the_logits_costs_stands_beside_what_holds():
    """Of bfloat16: 1001 becomes 1000, and 0.26894 becomes 0.5: (0.5 − 0.26894) · 2^9 = 118 ulp."""
    found = softaudit.audit([1000.0, 1001.0], function=["softmax"], format=["bfloat16"],
                            algorithm=["stable"])  # fmt: skip
    (holds,) = [finding.plain for finding in findings(found) if finding.kind == "holds"]
    assert holds.endswith("rounding the logits costs 118)")
    assert found.cells[0].cast_error["max"] == pytest.approx(abs(0.5 - 0.2689414213699951) * 2**9)


MOST = "softmax: on average the largest part is from"


def test_where_errors_come_from():
    """1001 becomes 1000 in bfloat16; in float64 1000 and 1001 are exact, and thirds are not."""
    (cast,) = told([1000.0, 1001.0], "errors", function="softmax", format="bfloat16")
    assert cast == f"{MOST} rounding the logits"  # naive overflows
    (format_,) = told([0.0] * 3, "errors", function="softmax", format=["float16", "float32"])
    assert format_ == f"{MOST} the format"
    (both,) = told([[0.0, 0.0, 0.0]], "errors", function="softmax", format="bfloat16",
                   order=["pairwise", "sequential"], algorithm="stable")  # fmt: skip
    assert both == f"{MOST} the format"
    (stalled,) = told(np.zeros(1000), "errors", function="softmax", format="bfloat16",
                      order=["pairwise", "sequential"], algorithm="stable")  # fmt: skip
    assert stalled == f"{MOST} the algorithm (bfloat16 sequential), the format (the rest)"
    (mixed,) = told([1000.0, 1001.0, -900.0], "errors", function="softmax", format="bfloat16",
                    algorithm=["stable", "two-pass", "division-free"])  # fmt: skip
    assert mixed == f"{MOST} the algorithm (bfloat16 division-free), rounding the logits (the rest)"


def test_nothing_is_said_of_errors_where_there_are_none():
    assert told([0.0, 0.0], "errors", function="softmax", format="float16") == []
    assert told([NAN, 0.0], "errors", function="softmax", format="float16") == []


def test_naive_is_closer_on_attention_scores():
    """Nothing overflows; rounding x − m costs stable up to |x − m| u, 50 · 2^-24 or so."""
    scores = np.load(FIXTURES / "attention.npy")
    (sentence,) = told(scores, "closer", function="softmax", format="float32")
    assert re.fullmatch(
        r"softmax: naive is closer than stable in float32 \(max \d\.\d against \d\d ULP\): "
        r"stable errs from rounding x − m, and in naive nothing overflows or is subnormal",
        sentence,
    )


def test_stable_is_closer_where_naive_is_subnormal():
    """e^-95 is about 2^-137: 12 of 24 bits are left in float32, and 2^11 or so ulp are lost."""
    (sentence,) = told([-95.0, -96.5, -97.25], "closer", function="softmax", format="float32")
    found = re.fullmatch(
        r"softmax: stable is closer than naive in float32 \(max 0\.\d+ against (\d+) ULP\): "
        r"naive errs where the exponential is subnormal",
        sentence,
    )
    assert 2**11 < int(found[1]) < 2**13


def test_arithmetics_that_compare_alike_are_told_together():
    """For one reason, with the unit on the first alone."""
    scores = np.load(FIXTURES / "attention.npy")[0, ::3]
    (both,) = told(scores, "closer", function="softmax", format=["bfloat16", "float32"])
    assert both.count("against") == 2
    assert both.count(" ULP") == 1


def test_nothing_is_compared_with_what_breaks():
    assert told([89.0, 0.0], "closer", function="softmax", format="float32") == []
    assert told([1.0, 2.0], "closer", function="softmax", format="float32") == []


def test_new_sentences_fit_80_columns():
    scores = np.load(FIXTURES / "attention.npy")[0, ::3]
    lines = softaudit.render(softaudit.audit(scores), "table").split("\n")
    first = next(i for i, line in enumerate(lines) if line.startswith("errors "))
    assert lines[first].startswith("errors   softmax: on average the largest part is ")
    assert max(map(len, lines[first:])) <= 80
    assert any(line.startswith("closer   softmax: naive is closer") for line in lines[first:])


def test_a_log_of_zero_that_saturates_is_told():
    """e^-40 is 0 in float8, its logarithm −448, and −40 is right: 408 off, ulp 4."""
    (sentence,) = told([40.0, 0.0], "loses", function="log_softmax", format="float8_e4m3fn",
                       algorithm="log-of-softmax", saturate=True)  # fmt: skip
    where = "log_softmax where the logarithm is taken of a 0: float8_e4m3fn +saturate 102 ULP"
    assert sentence.startswith(where)


@pytest.mark.parametrize("algorithm", ["blockwise", "blockwise-fma"])
def test_products_with_log2_e_that_overflow(algorithm):
    """65504 log2 e is beyond float16, and ∞ − ∞ is NaN: no exponential did anything wrong."""
    (sentence,) = told([65504.0, 65504.0, -65504.0], "breaks", function="softmax",
                       format="float16", algorithm=algorithm)  # fmt: skip
    assert sentence == (
        f"float16 {algorithm}: x/T, x c, m c or the result leaves the range: "
        "3 results, 1 row, first (0)"
    )


def test_pairs_whose_exponents_leave_the_range():
    """46000 log2 e is beyond 65504; no exponential overflowed by itself."""
    (sentence,) = told([46000.0, 45990.0, 45980.0], "breaks", function="softmax",
                       format="float16", algorithm="two-pass")  # fmt: skip
    where = "3 results, 1 row, first (0)"
    assert sentence == f"float16 two-pass: x/T, x log2 e or the result leaves the range: {where}"


def test_algorithms_that_lose_alike_are_both_named():
    """One after the other 600 ones stall at 256."""
    (sentence,) = told([0.0] * 600, "loses", function="softmax", format="bfloat16",
                       order="sequential", algorithm=["online", "two-pass"])  # fmt: skip
    assert "bfloat16 sequential online and two-pass 294 ULP" in sentence


def test_one_sentence_for_all_that_it_holds_for():
    """65536 ones are beyond 65504."""
    zeros = np.zeros(65536, np.float16)
    (sentence,) = told(zeros, "breaks", function="softmax", format="float16",
                       algorithm=["naive", "stable", "online"])  # fmt: skip
    assert sentence.startswith("float16 naive, stable, online: a sum of finite terms overflows")
