"""softaudit check: every option does what its help says."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from softaudit.plan import OPTIONS
from softaudit.render.columns import COLUMNS

LOGITS = np.array([[[12.0, 1.0, 0.5], [0.0, 0.0, 0.0]], [[3.0, -2.0, 0.25], [40.0, 0.0, -40.0]]])


@pytest.fixture(autouse=True)
def _logits(_nothing_set):
    np.save("logits.npy", LOGITS)


@pytest.fixture
def audits(softaudit):
    """Run check with JSON as its output, and give the audits."""

    def run(*arguments: str) -> list[dict]:
        ended = softaudit("check", *arguments, "--output-format", "json")
        assert (ended.code, ended.err) == (0, "")
        return json.loads(ended.out)["audits"]

    return run


@pytest.fixture
def cells(audits):
    """Run check on the logits, and give the names of the cells."""

    def run(*arguments: str) -> list[str]:
        (audit,) = audits("logits.npy", *arguments)
        return [cell["name"] for cell in audit["cells"]]

    return run


def test_the_default_cells(cells):
    """Naive and stable, and log-of-softmax, in four formats; stable in float32 for two of them."""
    expected = [
        f"{function}/{form}/{algorithm}"
        for function, algorithms in {
            "softmax": ["naive", "stable"],
            "log_softmax": ["naive", "log-of-softmax", "stable"],
        }.items()
        for form in ("float16", "bfloat16", "float32", "float64")
        for algorithm in algorithms
    ]
    expected += [
        f"{f}/{form}:float32/stable"
        for f in ("softmax", "log_softmax")
        for form in ("float16", "bfloat16")
    ]
    assert sorted(cells()) == sorted(expected)
    assert len(expected) == 24


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (
            ["--function", "logsumexp", "--format", "float16"],
            ["logsumexp/float16/naive", "logsumexp/float16/stable"],
        ),
        (
            ["--format", "float16,float8_e5m2", "--algorithm", "stable", "--function", "softmax"],
            ["softmax/float16/stable", "softmax/float8_e5m2/stable"],
        ),
        (
            ["--algorithm", "log-of-softmax", "--format", "float64"],
            ["log_softmax/float64/log-of-softmax"],
        ),
        (
            ["--format=bfloat16", "--compute=float32,float64", "--function=softmax",
             "--algorithm=naive"],
            ["softmax/bfloat16:float32/naive", "softmax/bfloat16:float64/naive"],
        ),
        (
            ["--format=bfloat16", "--accumulate=float32", "--function=softmax",
             "--algorithm=naive"],
            ["softmax/bfloat16:bfloat16:float32/naive"],
        ),
        (
            ["--format=bfloat16", "--order=sequential,numpy,pairwise", "--function=softmax",
             "--algorithm=naive"],
            ["softmax/bfloat16:bfloat16:bfloat16:sequential/naive",
             "softmax/bfloat16:bfloat16:bfloat16:numpy/naive",
             "softmax/bfloat16/naive"],
        ),
    ],
)  # fmt: skip
def test_naming_any_makes_the_plain_product(cells, arguments, names):
    assert cells(*arguments) == names


def test_lists_and_repeats_are_the_same(cells):
    base = ["--function", "softmax", "--algorithm", "stable"]
    lists = cells(*base, "--format", "float16,bfloat16", "--order", "sequential,compensated")
    repeats = cells(*base, "--format", "float16", "--format", "bfloat16", "--order", "sequential",
                    "--order", "compensated")  # fmt: skip
    blanks = cells(*base, "--format", "float16, bfloat16", "--order", "sequential , compensated")
    assert lists == repeats == blanks
    assert len(lists) == 4


def test_names_given_twice_make_one_cell(cells):
    assert len(cells("--format", "float16,float16", "--function", "softmax")) == 2


def test_pairs_that_do_not_exist_are_skipped_with_their_reason(audits):
    (audit,) = audits("logits.npy", "--format", "float16,float32", "--compute", "float16")
    assert {cell["format"] for cell in audit["cells"]} == {"float16"}
    assert {s["cell"].split("/")[1] for s in audit["skipped"]} == {"float32:float16"}
    assert "does not hold every float32" in audit["skipped"][0]["reason"]


def test_temperature(audits):
    (audit,) = audits("logits.npy", "--temperature", "2.5", "--format", "float64")
    assert audit["temperature"] == 2.5
    (beside,) = audits("logits.npy", "--format", "float64")
    first = audit["cells"][0], beside["cells"][0]
    assert first[0]["worst"] != first[1]["worst"]


def test_elementary(audits):
    """It makes no product of its own, and reaches what is computed in wide formats."""
    (by_numpy,) = audits("logits.npy")
    (correct,) = audits("logits.npy", "--elementary", "correct")
    assert [cell["name"] for cell in correct["cells"]] == [c["name"] for c in by_numpy["cells"]]
    assert (by_numpy["elementary"], correct["elementary"]) == ("numpy", "correct")
    for cell, other in zip(correct["cells"], by_numpy["cells"], strict=True):
        if cell["compute"] in ("float16", "bfloat16"):
            assert cell == other


@pytest.mark.processes
def test_correct_figures_do_not_depend_on_the_processor(process):
    """NumPy's exp and log do: it is told to leave out what this processor has beyond the least."""
    np.save("rows.npy", np.random.default_rng(1).normal(0, 5, (40, 50)))
    asked = ("check", "rows.npy", "--elementary", "correct", "--format", "float32,float64")
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    reports = [
        process(*asked, "--output-format", "json", NPY_DISABLE_CPU_FEATURES=" ".join(features))
        for features in ([], found)
    ]
    assert [(report.code, report.err) for report in reports] == [(0, "")] * 2
    first, second = (json.loads(report.out)["audits"] for report in reports)
    assert first == second


def test_axis(audits):
    (audit,) = audits("logits.npy", "--axis", "0")
    assert (audit["source"]["rows"], audit["source"]["columns"]) == (6, 2)
    assert audit["source"]["axis"] == 0
    (audit,) = audits("logits.npy", "--axis", "-2")
    assert (audit["source"]["rows"], audit["source"]["columns"]) == (6, 2)
    (audit,) = audits("logits.npy")
    assert (audit["source"]["rows"], audit["source"]["columns"]) == (4, 3)


def test_key_and_several_arrays_of_one_file(audits, softaudit):
    np.savez("many.npz", a=LOGITS, b=LOGITS[0])
    (audit,) = audits("many.npz", "--key", "b")
    assert (audit["source"]["key"], audit["source"]["rows"]) == ("b", 2)
    assert audit["cells"][0]["input"] == "many.npz:b"
    assert [audit["source"]["key"] for audit in audits("many.npz", "--key", "[ab]")] == ["a", "b"]
    ended = softaudit("check", "many.npz")
    assert ended.code in (0, 2)
    assert "a" in ended.err + ended.out


def test_sample(audits, softaudit):
    (audit,) = audits("logits.npy", "--sample", "2")
    assert audit["sampled"] == 2
    assert {cell["rows"]["audited"] for cell in audit["cells"]} == {2}
    (audit,) = audits("logits.npy")
    assert audit["sampled"] is None
    assert "2 rows sampled evenly" in softaudit("check", "logits.npy", "--sample", "2").out


def test_row(audits, softaudit):
    (audit,) = audits("logits.npy", "--row", "1,1", "--function", "softmax", "--format", "float16")
    assert audit["row"] == [1, 1]
    assert [e["logit"] for e in audit["tables"][0]["elements"]] == [40.0, 0.0, -40.0]
    text = softaudit("check", "logits.npy", "--row", "1,1", "--format", "float16").out
    assert "row (1, 1) alone" in text
    assert "softmax float16  row (1, 1)" in text


@pytest.mark.parametrize("row", ["1,1", "(1, 1)", "-1,-1", "1,-1"])
def test_spellings_of_a_row(audits, row):
    (audit,) = audits("logits.npy", f"--row={row}", "--format", "float16")
    assert audit["row"] == [1, 1]


def test_worst(audits, softaudit):
    for n in (0, 1, 2):
        (audit,) = audits("logits.npy", "--worst", str(n))
        assert max(len(cell["worst"]) for cell in audit["cells"]) == n
        text = softaudit("check", "logits.npy", "--worst", str(n)).out
        assert text.count("  softaudit check") == n
        assert ("worst, one per cause" in text) == (n > 0)


def test_worst_changes_no_figure(audits):
    (few,), (many,) = audits("logits.npy", "--worst", "0"), audits("logits.npy", "--worst", "9")
    for cell, beside in zip(few["cells"], many["cells"], strict=True):
        assert cell["ulp"] == beside["ulp"]


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_can_be_asked_for(softaudit, column):
    ended = softaudit("check", "logits.npy", "--columns", column, "--format", "float16")
    assert (ended.code, ended.err) == (0, "")
    line = next(line for line in ended.out.split("\n") if re.match("float16 +naive", line))
    assert len(re.sub(r" (?=%)", "", line).split()) >= 2 + (column != "spread")


def test_columns_in_the_order_asked(softaudit):
    base = ["check", "logits.npy", "--format", "float16", "--function", "softmax"]
    for arguments in (["--columns", "max,p50"], ["--columns", "max", "--columns", "p50"]):
        heads = softaudit(*base, *arguments).out.split("\n")[3].split()
        assert heads == ["format", "algorithm", "max", "p50"]


def test_output_format(softaudit):
    assert softaudit("check", "logits.npy", "--output-format", "json").out.startswith('{"schema"')
    table = softaudit("check", "logits.npy", "--output-format", "table").out
    assert table == softaudit("check", "logits.npy").out
    assert "premature" in table


def test_output_to_a_file(softaudit):
    printed = softaudit("check", "logits.npy").out
    ended = softaudit("check", "logits.npy", "-o", "table.txt")
    assert (ended.code, ended.out, ended.err) == (0, printed, "")
    assert Path("table.txt").read_text(encoding="utf-8") == printed
    printed = softaudit("check", "logits.npy", "--output-format", "json").out
    softaudit("check", "logits.npy", "--output", "result.json")
    assert Path("result.json").read_text(encoding="utf-8") == printed
    softaudit("check", "logits.npy", "-o", "json:result.out")
    assert Path("result.out").read_text(encoding="utf-8") == printed


def test_quiet_leaves_the_sentences(softaudit):
    loud, quiet = softaudit("check", "logits.npy").out, softaudit("check", "logits.npy", "-q").out
    assert "premature" not in quiet
    assert loud.endswith(quiet.partition("\n\n")[2])
    assert softaudit("check", "logits.npy", "--quiet").out == quiet


def test_literals_show_every_element(softaudit):
    text = softaudit("check", "[12, 1]").out
    for words in ("softmax float16", "logit", "exact", "naive", "stable in float32", "nan"):
        assert words in text
    assert "1 logit, 1 row, first (0)" in text
    assert "logit" not in softaudit("check", "[3, 1]", "-q").out


def test_several_inputs_in_one_run(audits, softaudit):
    np.savetxt("more.csv", LOGITS[0], delimiter=",")
    found = audits("logits.npy", "[1, 2]", "more.csv")
    assert [audit["source"]["name"] for audit in found] == ["logits.npy", "[1, 2]", "more.csv"]
    text = softaudit("check", "logits.npy", "more.csv").out
    assert text.index("logits.npy") < text.index("more.csv")


def test_standard_input(softaudit, monkeypatch):
    for data in (Path("logits.npy").read_bytes(), b"1,2\n3,4\n"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        ended = softaudit("check", "-", "--format", "float16")
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.startswith("<stdin>")


def test_a_file_by_its_path_from_elsewhere(audits, monkeypatch, tmp_path):
    (tmp_path / "below").mkdir()
    monkeypatch.chdir("below")
    (audit,) = audits(str(tmp_path / "logits.npy"))
    assert audit["source"]["name"] == "logits.npy"


def test_both_references_give_the_same_cells(audits):
    both = [
        audits("logits.npy", "--format", "float16,float64", "--reference", name)
        for name in ("certified", "mpmath")
    ]
    (certified,), (mpmath,) = both
    assert certified["reference"]["method"] == "certified"
    assert mpmath["reference"]["method"] == "mpmath"
    assert certified["reference"]["settled_by_mpmath"] < mpmath["reference"]["settled_by_mpmath"]
    for cell, beside in zip(certified["cells"], mpmath["cells"], strict=True):
        for name in ("rows", "overflow", "underflow", "correctly_rounded", "histogram", "worst"):
            assert cell[name] == beside[name]


def test_the_same_bytes_twice(softaudit):
    for arguments in (["logits.npy"], ["logits.npy", "--output-format", "json"]):
        assert softaudit("check", *arguments) == softaudit("check", *arguments)


def test_the_width(softaudit, monkeypatch):
    for width in (60, 80, 100, 140):
        monkeypatch.setenv("COLUMNS", str(width))
        text = softaudit("check", "logits.npy").out
        assert max(map(len, text.split("\n"))) <= width
        assert ("subnormal" in text.split("worst,")[0]) == (width >= 140)


@pytest.mark.parametrize("width", ["", "0", "x", "-5", "99999999999999999999"])
def test_widths_that_are_none(softaudit, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    assert softaudit("check", "[1, 2]").code == 0


def test_help_names_every_option(softaudit):
    ended = softaudit("check", "--help")
    assert (ended.code, ended.err) == (0, "")
    names = (*OPTIONS, "temperature", "axis", "key", "sample", "row", "worst", "columns",
             "output-format", "output", "quiet")  # fmt: skip
    for name in names:
        assert f"--{name}" in ended.out
    assert softaudit("check", "-h").out == ended.out


@pytest.mark.parametrize("literal", ["[1e20, -1e20]", "[1e30, 2e30, 3e30]"])
def test_rows_with_probabilities_beyond_decimals(softaudit, literal):
    ended = softaudit("check", literal)
    assert (ended.code, ended.err) == (0, "")
    assert "softmax float64" in ended.out


def test_cells_of_one_algorithm_are_told_apart_in_a_row(softaudit):
    asked = ("--function", "softmax", "--format", "float16", "--subnormals", "keep,flush")
    shown = softaudit("check", "[-9, -10]", *asked, "--algorithm", "stable").out
    assert "  stable  " in shown
    assert "stable +flush" in shown


def test_a_range_of_temperatures_is_another_command(fails):
    assert "is not a number; a range is for softaudit sweep" in fails(
        "check", "[1, 2]", "--temperature", "0.05:20"
    )
