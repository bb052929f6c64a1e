"""The JSON contract, schema 1: every key, its type, and that the figures agree with each other."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from fractions import Fraction
from math import ceil, inf, isclose, nan, prod
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp, mpf

import softaudit
from softaudit.audit import audit
from softaudit.metrics import CAUSES
from softaudit.plan import make_plan
from softaudit.report import Report, SkippedSource, make_report
from softaudit.sources.array import from_array
from softaudit.summary import summarize

from ..hard_rows import HARD_ROWS
from .judged import golden, report

FIXTURES = Path(__file__).parents[2] / "fixtures"
SPECIAL = ("nan", "inf", "-inf")

WORST = {
    "index": "places",
    "logit": "number or null",
    "computed": "number",
    "exact": "decimal",
    "ulp": "number",
    "relative": "number",
    "cause": "cause",
}
CELL = {
    "name": "text",
    "function": "text",
    "format": "text",
    "compute": "text",
    "accumulate": "text",
    "order": "text",
    "subnormals": "text",
    "saturate": "flag",
    "block_size": "count or null",
    "algorithm": "text",
    "input": "text",
    "implementation": "text or null",
    "elements": "count",
    "rows": dict.fromkeys(
        ("audited", "nan", "positive_infinity", "all_masked", "lost_to_cast"), "count"
    ),
    "overflow": dict.fromkeys(
        (
            *("cast", "cast_to_mask", "exp", "sum", "zeroed", "result", "nan", "forced"),
            *("mismatch", "saturated"),
        ),
        "count",
    ),
    "underflow": {
        "forced": "count",
        "premature": "count",
        "subnormal": "count",
        "lost_mass": "number or null",
    },
    "out_of_range": "count or null",
    "ulp": {
        "max": "number or null",
        "mean": "number or null",
        "mean_over": "count",
        "p50": "number or null",
        "p99": "number or null",
        "p999": "number or null",
    },
    "histogram": {
        "bins_per_octave": "count",
        "zero": "count",
        "bins": "integers",
        "counts": "integers",
        "infinite": "count",
    },
    "gaps": "gaps or null",
    "by_axis": "map or null",
    "absolute": {"max": "number or null"},
    "relative": {"max": "number or null"},
    "correctly_rounded": "count",
    "cast_error": {"max": "number or null", "mean": "number or null"},
    "origin": {
        name: {"max": "number or null", "mean": "number or null"}
        for name in ("cast", "floor", "excess")
    },
    "row_sum": "row sum",
    "bound": "bound or null",
    "condition": "condition or null",
    "quality": "quality or null",
    "worst": [WORST],
}
CONTRACT = {
    "schema": "count",
    "tool": "versions",
    "environment": "environment",
    "audits": [
        {
            "source": {
                "name": "text",
                "key": "text or null",
                "format": "text",
                "shape": "integers",
                "rows": "count",
                "columns": "count",
                "sha256": "hash",
            },
            "sampled": "count or null",
            "temperature": "number",
            "elementary": "text",
            "reference": {
                "method": "text",
                "settled_by_mpmath": "count",
                "undecided": "count",
                "ulp_radius": "number",
            },
            "cells": [CELL],
            "skipped": [{"cell": "text", "reason": "text"}],
        }
    ],
    "summary": "summary or null",
    "skipped": [{"source": "text", "reason": "text"}],
}


def is_number(value) -> bool:
    return value in SPECIAL or (isinstance(value, float | int) and not isinstance(value, bool))


def is_count(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_decimal(value) -> bool:
    mantissa = value.lstrip("-").partition("e")[0].replace(".", "").strip("0")
    return isinstance(value, str) and len(mantissa) <= 25 and mpf(value) is not None


QUALITY = {
    "argmax_kept": "count",
    "top_k": "count",
    "top_k_kept": "count",
    "kl": {"max": "number or null", "mean": "number or null", "mean_over": "count"},
    "total_variation": {"max": "number or null", "mean": "number or null"},
    "log_probability": {"max": "number or null"},
    "choice_refused": "count or null",
}


def is_quality(value) -> bool:
    check(value, QUALITY, "quality")
    return True


def is_gaps(value) -> bool:
    bins = list(zip(value["gap"], value["ulp"], strict=True))
    octaves = value["gap_bins_per_octave"], value["ulp_bins_per_octave"]
    return (
        octaves == (4, 2)
        and bins == sorted(set(bins))
        and len(value["counts"]) == len(bins)
        and min(value["counts"], default=1) > 0
    )


def is_summary(value) -> bool:
    own = {"inputs": "count", "states": "states", "worst": [{"input": "text", **WORST}]}
    left_out = ("input", "by_axis", "cast_error", "bound", "condition")
    check(value, [{**{n: part for n, part in CELL.items() if n not in left_out}, **own}])
    return True


def is_states(value) -> bool:
    check(list(value.values()), [{"count": "count", "first": "text"}])
    return len(value) > 0 and set(value) <= {"breaks", "loses", "holds", "skipped"}


KINDS = {
    "states": is_states,
    "text": lambda v: isinstance(v, str) and v,
    "count": is_count,
    "flag": lambda v: isinstance(v, bool),
    "number": is_number,
    "integers": lambda v: all(isinstance(i, int) for i in v),
    "places": lambda v: all(is_count(i) for i in v),
    "hash": lambda v: len(v) == 64 and set(v) <= set("0123456789abcdef"),
    "decimal": is_decimal,
    "cause": lambda v: v in CAUSES,
    "row sum": lambda v: v is None or (set(v) == {"max_defect"} and is_number(v["max_defect"])),
    "bound": lambda v: (
        is_count(v["rows"])
        and all(is_number(v[name]) for name in ("error", "ratio", "bound"))
        and all(is_count(i) for i in v["index"])
    ),
    "condition": lambda v: (
        is_number(v["max"]) and is_number(v["p50"]) and all(is_count(i) for i in v["index"])
    ),
    "quality": is_quality,
    "gaps": is_gaps,
    "map": lambda v: len(v["ulp_max"]) == prod(v["shape"]) > 0,
    "summary": is_summary,
    "versions": lambda v: {"softaudit", "python", "numpy", "mpmath", "ml_dtypes"} <= set(v),
    "environment": lambda v: isinstance(v["processor_features"], list) and v["machine"],
}


def check(value, contract, where: str = "") -> None:
    """Hold a document against the contract; more keys may be there."""
    if isinstance(contract, dict):
        assert set(contract) <= set(value), (where, set(contract) - set(value))
        for name, part in contract.items():
            check(value[name], part, f"{where}.{name}")
    elif isinstance(contract, list):
        for part in value:
            check(part, contract[0], f"{where}[]")
    elif contract.endswith(" or null") and value is None:
        pass
    else:
        assert KINDS[contract.removesuffix(" or null")](value), (where, value)


def strict(text: str):
    """Parse JSON, and refuse NaN and Infinity as JSON itself does."""

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def document(found) -> dict:
    return strict(softaudit.render(found, "json"))


@pytest.fixture(scope="module")
def hard():
    """All hard rows of up to three columns, masked up to three, in every format and function."""
    rows = [row + [-inf] * (3 - len(row)) for row in HARD_ROWS.values() if len(row) <= 3]
    forms = ["float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"]
    return softaudit.audit(rows, function=["softmax", "log_softmax", "logsumexp"], format=forms)


def test_every_key_of_the_contract(hard):
    check(document(hard), CONTRACT)


@pytest.mark.parametrize(
    "logits", [[40.0, 0.0], [12.0, 1.0], [-inf, -inf], [nan, 1.0], [70000.0, 1.0], [0.0, inf]]
)
def test_every_key_where_there_is_nothing_to_say(logits):
    check(document(softaudit.audit(logits)), CONTRACT)


def test_every_key_of_a_summary():
    """Two inputs that break and hold in turn; one without a row that has an answer."""
    made = [softaudit.audit([[[x, 0.0]]], format="float16") for x in (0.0, 40.0, nan)]
    found = replace(make_report(made), summary=summarize(made))
    parsed = strict(softaudit.render(found))
    check(parsed, CONTRACT)
    assert len(parsed["summary"]) == len(made[0].cells)
    assert parsed["audits"][1]["cells"][0]["by_axis"]["shape"] == [1]
    of = {cell["name"]: cell for cell in parsed["summary"]}["softmax/float16/naive"]
    assert (of["inputs"], of["elements"]) == (3, 4)
    assert {state: inputs["count"] for state, inputs in of["states"].items()} == {
        "holds": 1,
        "breaks": 1,
        "skipped": 1,
    }


def test_skipped_cells_and_sources():
    found = softaudit.audit([1.0, 2.0], temperature=1e30)
    report = make_report([found])
    whole = Report(report.tool, report.environment, (found,), (SkippedSource("x.npy", "torn"),))
    parsed = strict(softaudit.render(whole))
    check(parsed, CONTRACT)
    assert parsed["skipped"] == [{"source": "x.npy", "reason": "torn"}]
    assert {s["cell"].split("/")[1].split(":")[0] for s in parsed["audits"][0]["skipped"]} == {
        "float16"
    }


def test_nan_and_infinities_are_strings():
    (cell,) = document(
        softaudit.audit([12.0, 1.0], function="softmax", format="float16", algorithm="naive")
    )["audits"][0]["cells"]
    assert cell["ulp"]["max"] == "inf"
    assert cell["row_sum"] == {"max_defect": "inf"}
    assert [worst["computed"] for worst in cell["worst"]] == ["nan", 0.0]
    (cell,) = document(
        softaudit.audit([0.0, -20.0], function="log_softmax", format="float16",
                        algorithm="log-of-softmax")
    )["audits"][0]["cells"]  # fmt: skip
    assert cell["worst"][0]["computed"] == "-inf"


def test_not_applicable_is_null():
    cells = document(softaudit.audit([1.0, 2.0], function=["softmax", "logsumexp"]))["audits"][0][
        "cells"
    ]
    for cell in cells:
        whole_row = cell["function"] == "logsumexp"
        assert (cell["row_sum"] is None) == whole_row
        assert (cell["out_of_range"] is None) == whole_row
        assert (cell["quality"] is None) == whole_row
        assert (cell["underflow"]["lost_mass"] is None) == whole_row
        assert all((worst["logit"] is None) == whole_row for worst in cell["worst"])


def edge(b: int) -> float:
    """Give a bin's upper edge by the documented rule: 2^⌊b/128⌋ (1 + (b mod 128)/128)."""
    return float(Fraction(2) ** (b // 128) * (1 + Fraction(b % 128, 128)))


def test_the_histogram_agrees_with_the_counts_and_percentiles(hard):
    cells = document(hard)["audits"][0]["cells"]
    assert sum(cell["histogram"]["infinite"] for cell in cells) > 0
    for cell in cells:
        histogram, ulp = cell["histogram"], cell["ulp"]
        assert histogram["bins_per_octave"] == 128
        assert histogram["bins"] == sorted(set(histogram["bins"]))
        assert min(histogram["counts"], default=1) > 0
        finite = histogram["zero"] + sum(histogram["counts"])
        assert finite == ulp["mean_over"]
        total = finite + histogram["infinite"]
        assert total <= cell["elements"]
        if total == 0:
            assert {ulp[name] for name in ("max", "mean", "p50", "p99", "p999")} == {None}
            continue
        filled = [(0.0, histogram["zero"])] if histogram["zero"] else []
        filled += zip(map(edge, histogram["bins"]), histogram["counts"], strict=True)
        filled += [(inf, histogram["infinite"])] if histogram["infinite"] else []
        assert filled[-1][0] == inf or (
            float(ulp["max"]) <= filled[-1][0] <= float(ulp["max"]) * (1 + 1 / 128)
        )
        for name, part in (("p50", "0.5"), ("p99", "0.99"), ("p999", "0.999")):
            rank = ceil(Fraction(part) * total)
            found = next(e for i, (e, _) in enumerate(filled)
                         if sum(n for _, n in filled[: i + 1]) >= rank)  # fmt: skip
            assert float(ulp[name]) == min(found, float(ulp["max"]))
        if finite:
            least = sum(below(e) * n for e, n in filled if e < inf) / finite
            most = sum(e * n for e, n in filled if e < inf) / finite
            assert least * (1 - 1e-12) <= ulp["mean"] <= most * (1 + 1e-12)


def below(upper: float) -> float:
    """Give the lower edge of the bin that ends at an edge; a bin is at most 1/128 wide."""
    return upper / (1 + 1 / 128)


def test_the_histogram_of_three_thirds():
    """Three errors of 1/3 ulp: in the bin from 85/256 to 1/3 and beyond, 2^−2 (1 + 43/128)."""
    (cell,) = document(
        softaudit.audit([0.0] * 3, function="softmax", format="float16", algorithm="stable")
    )["audits"][0]["cells"]
    assert cell["histogram"]["bins"] == [-2 * 128 + 43]
    assert cell["histogram"]["counts"] == [3]
    assert edge(-2 * 128 + 42) < 1 / 3 <= edge(-2 * 128 + 43)
    assert isclose(cell["ulp"]["max"], 1 / 3)
    assert isclose(cell["ulp"]["mean"], 1 / 3)


def test_worst_elements_are_worst_first_one_per_cause(hard):
    for cell in document(hard)["audits"][0]["cells"]:
        errors = [float(worst["ulp"]) for worst in cell["worst"]]
        assert errors == sorted(errors, reverse=True)
        assert len({worst["cause"] for worst in cell["worst"]}) == len(errors)
        if cell["ulp"]["max"] is not None:
            assert float(cell["ulp"]["max"]) == max(errors, default=0.0)


def test_exact_values_have_25_digits():
    (cell,) = document(
        softaudit.audit([40.0, 0.0], function="log_softmax", format="float64", algorithm="stable")
    )["audits"][0]["cells"]
    with mp.workdps(40):
        y = -mp.log1p(mp.exp(-40))
        assert cell["worst"][0]["exact"] == mp.nstr(y, 25, min_fixed=0, max_fixed=0)


def test_the_source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep").mkdir()
    np.save("deep/logits.npy", np.ones((2, 3, 4), np.float32))
    source = document(softaudit.audit(softaudit.read("deep/logits.npy", axis=1)))["audits"][0][
        "source"
    ]
    digest = hashlib.sha256((tmp_path / "deep/logits.npy").read_bytes()).hexdigest()
    assert source["name"] == "deep/logits.npy"
    assert (source["shape"], source["rows"], source["columns"]) == ([2, 3, 4], 8, 3)
    assert (source["format"], source["key"], source["sha256"]) == ("float32", None, digest)


def test_no_absolute_path_no_time_and_no_host(tmp_path, monkeypatch):
    np.save(tmp_path / "logits.npy", np.ones((2, 3)))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    text = softaudit.render(softaudit.audit(softaudit.read(str(tmp_path / "logits.npy"))))
    assert str(tmp_path) not in text
    names = set(strict(text)["environment"]) | set(strict(text)["tool"])
    assert not {"time", "date", "host", "hostname", "user", "jobs"} & names


def test_the_same_bytes_twice(hard):
    assert softaudit.render(hard) == softaudit.render(hard)
    logits = np.load(FIXTURES / "attention_float16.npy")[0, 0]
    assert softaudit.render(softaudit.audit(logits)) == softaudit.render(softaudit.audit(logits))


def test_rows_element_by_element():
    logits = from_array(np.array([[12.0, 1.0], [0.0, -inf]]))
    plan = make_plan({"function": ["softmax"], "format": ["float16"]}, row=(0,), elements=True)
    parsed = strict(softaudit.render(audit(logits, plan)))
    (table,) = parsed["audits"][0]["tables"]
    assert (table["index"], table["function"], table["format"]) == ([0], "softmax", "float16")
    first = table["elements"][0]
    assert (first["column"], first["logit"], first["rounded"]) == (0, 12.0, 12.0)
    assert first["results"]["softmax/float16/naive"] == {"computed": "nan", "ulp": "inf"}
    assert first["results"]["softmax/float16/stable"]["computed"] == 1.0
    assert parsed["audits"][0]["row"] == [0]


def test_one_document_that_ends_with_a_line_break():
    text = softaudit.render([softaudit.audit([1.0, 2.0]), softaudit.audit([3.0, 4.0])])
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    assert len(strict(text)["audits"]) == 2


def test_golden():
    """A row that breaks, element by element, in one format; nicely laid out to be read."""
    asked = make_plan({"format": ["float16"], "function": ["softmax"]}, elements=True)
    found = report(audit(softaudit.read("[12, 0, -6]"), asked))
    document = json.loads(softaudit.render(found, "json"))
    golden("literal.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")
