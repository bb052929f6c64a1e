"""The report for people: it fits the width, says what the cells say, and looks as it did before.

`SOFTAUDIT_REGENERATE=1` writes the golden files anew.  They hold formats of at most 16 bits alone,
whose figures are the same on every machine.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from decimal import Decimal
from math import inf, isclose

import numpy as np
import pytest

import softaudit
from softaudit.audit import audit
from softaudit.cli import run
from softaudit.plan import make_plan
from softaudit.render.screen import Screen
from softaudit.report import make_report
from softaudit.sources.array import from_array
from softaudit.wording import NO_BREAK

from .judged import FIXTURES, golden, rendered

NAMES = ("attention", "attention_finfo_min", "attention_float16", "digits_mlp", "vocabulary")
WIDTHS = (40, 60, 80, 100, 140, 200)
ESCAPE = "\x1b"


def shown(found, width: int = 80, **options) -> str:
    return rendered("table", make_report([found]), Screen(width, **options))


@pytest.fixture(scope="module", params=NAMES)
def default(request):
    """The default audit of a few rows of a file of logits, under the file's name."""
    logits = np.load(FIXTURES / f"{request.param}.npy", mmap_mode="r")
    sample = 2 if request.param == "vocabulary" else 24
    source = from_array(logits[..., :1500])
    source = replace(source, name=f"{request.param}.npy", command=f"{request.param}.npy")
    return audit(source, make_plan({}, sample=sample))


def table_lines(text: str) -> list[str]:
    """Give the lines of the table, from its header to the blank line below."""
    lines = text.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("format"))
    end = next(i for i in range(start, len(lines)) if not lines[i])
    return lines[start - 1 : end]


def figures_of(line: str, cell) -> list[str]:
    """Give the columns of a cell's line, without its labels; `54 %` is one."""
    _, algorithm, rest = line.partition(f" {cell.key.algorithm} ")
    assert algorithm, line
    return re.sub(r" (?=%)", "", rest).split()


def cell_lines(text: str, cells) -> list[str]:
    functions = {cell.key.function for cell in cells}
    lines = [line for line in table_lines(text)[2:] if line not in functions]
    assert len(lines) == len(cells)
    return lines


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_longer_than_the_width(default, width):
    text = shown(default, width)
    if width >= 60:
        assert max(map(len, text.split("\n"))) <= width


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize(
    "word", ["[40, 0]", "[1000, -1000.125, 88.72, 3e-5]", "[[0, 1, 2], [3, -inf, 12]]"]
)
def test_rows_fit_the_width(word, width):
    source = softaudit.read(word)
    rows = None if len(source.shape) == 1 else (1,)
    found = audit(source, make_plan({}, row=rows, elements=True))
    assert max(map(len, shown(found, width).split("\n"))) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_columns_are_dropped_whole(default, width):
    """Every line has a figure for every column, and a wider screen has no column less."""
    counts = []
    for w in (width, 2 * width):
        text = shown(default, w, columns=())
        lines = cell_lines(text, default.cells)
        found = {
            len(figures_of(line, cell)) - spread_gaps(line, w)
            for line, cell in zip(lines, default.cells, strict=True)
        }
        counts.append(found)
    assert all(len(found) == 1 for found in counts)
    assert min(counts[0]) <= min(counts[1])


def spread_gaps(line: str, width: int) -> int:
    """Count the blanks inside a picture of a distribution, which has none around it."""
    if width < 140:
        return 0
    return max(len(re.findall(r"[▁▂▃▄▅▆▇█]+", line)) - 1, 0)


def test_the_columns_of_80_100_and_140(default):
    heads = {w: " ".join(table_lines(shown(default, w))[:2]).split() for w in WIDTHS}
    at_80 = {"finite", "premature", "forced", "p50", "p99", "max", "correct", "rounded"}
    at_140 = {"exp", "subnormal", "mean", "p99.9", "mass", "log2"}
    assert at_80 <= set(heads[80])
    assert not at_140 & set(heads[80])
    assert set(heads[80]) | {"row", "sum"} == set(heads[100])
    assert set(heads[100]) | at_140 <= set(heads[200])


INTEGERS = ("not-finite", "exp", "sum", "premature", "forced", "subnormal")
ERRORS = ("mean", "p50", "p99", "p99.9", "max", "cast")
OTHERS = ("relative", "row-sum", "lost-mass", "bound", "condition", "correct")


def value_of(cell, column: str) -> float | None:
    return {
        "not-finite": cell.overflow["result"],
        "exp": cell.overflow["exp"],
        "sum": cell.overflow["sum"],
        "premature": cell.underflow["premature"],
        "forced": cell.underflow["forced"],
        "subnormal": cell.underflow["subnormal"],
        "mean": cell.ulp["mean"],
        "p50": cell.ulp["p50"],
        "p99": cell.ulp["p99"],
        "p99.9": cell.ulp["p999"],
        "max": cell.ulp["max"],
        "cast": cell.cast_error["max"],
        "relative": cell.relative_max,
        "row-sum": cell.row_sum_defect,
        "lost-mass": cell.underflow["lost_mass"],
        "bound": None if cell.bound is None else cell.bound.ratio,
        "condition": cell.condition.max,
    }[column]


def says(text: str, value: float | None) -> bool:
    """Whether a text says a value, to the two digits that it shows."""
    if value is None:
        return text == "–"
    if text in ("∞", "·", "0"):
        return value == (inf if text == "∞" else 0)
    if text == "<0.01":
        return 0 < value < 0.01
    return isclose(float(text), value, rel_tol=0.051, abs_tol=0.0051)


def test_every_number_is_the_cells(default):
    names = (*INTEGERS, *ERRORS, *OTHERS)
    text = shown(default, 300, columns=names)
    for line, cell in zip(cell_lines(text, default.cells), default.cells, strict=True):
        found = dict(zip(names, figures_of(line, cell), strict=True))
        for name in INTEGERS:
            assert found[name] == (str(value_of(cell, name)) if value_of(cell, name) else "·")
        for name in (*ERRORS, *OTHERS[:-1]):
            assert says(found[name], value_of(cell, name)), (cell.key.name, name, found[name])
        share = Decimal(100) * cell.correctly_rounded / cell.elements
        told = found["correct"].removesuffix("%")
        if told == "99.9+":
            assert Decimal("99.9") <= share < 100
        elif told == "<0.1":
            assert 0 < share < Decimal("0.1")
        else:
            assert abs(Decimal(told) - share) <= Decimal("0.5")


def test_the_worst_elements_are_the_cells(default):
    """One per cause, the worst of all cells, worst first."""
    text = " ".join(shown(default, 200).split())
    told = re.findall(r"([a-z-]+) ([a-z_]+/[a-z0-9:]+/[a-z-]+) (\([0-9, ]+\)): ", text)
    largest: dict[str, float] = {}
    errors = {}
    for cell in default.cells:
        for worst in cell.worst:
            largest[worst.cause] = max(worst.ulp, largest.get(worst.cause, 0))
            place = f"({', '.join(map(str, worst.index))})"
            errors[worst.cause, cell.key.name, place] = worst.ulp
    assert len(told) == min(5, len(largest))
    found = [errors[element] for element in told]
    assert found == [largest[cause] for cause, _, _ in told]
    assert found == sorted(largest.values(), reverse=True)[:5]


def test_one_worst_element_word_for_word():
    found = softaudit.audit(
        [[0.0, 0.0], [12.0, 1.0]], function="softmax", format="float16", algorithm="naive"
    )
    lines = [re.sub(" +", " ", line.strip()) for line in shown(found, 100).split("\n")]
    assert "worst, one per cause" in lines
    assert "inf-over-inf softmax/float16/naive (1, 0): nan, exact 0.99998, ∞ ULP" in lines
    assert "exp-overflow softmax/float16/naive (1, 1): 0, exact 1.67e-5, 280 ULP" in lines


def test_the_command_under_a_worst_element_shows_its_row(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    np.save("two words.npy", np.array([[[1.0, 1.0]], [[12.0, 1.0]]]))
    options = ["--function", "softmax", "--format", "float16", "--temperature", "0.5"]
    options += ["--elementary", "correct"]
    assert run(["check", "two words.npy", *options]) == 0
    command = next(
        line.strip()
        for line in capsys.readouterr().out.split("\n")
        if line.strip().startswith("softaudit check")
    )
    words = shlex.split(command)
    assert words[:3] == ["softaudit", "check", "two words.npy"]
    assert run(words[1:]) == 0
    text = capsys.readouterr().out
    assert "row (1, 0) alone" in text
    assert "T = 0.5 · exp, log correctly rounded" in text
    assert "nan" in text


def test_no_escape_codes_without_color(default):
    assert ESCAPE not in shown(default)
    assert NO_BREAK not in shown(default)


def test_colors_only_when_asked_and_over_the_same_text(default):
    text = shown(default, 100, color=True)
    assert ESCAPE in text
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", text)
    plain = shown(default, 100)
    assert [line.rstrip() for line in stripped.split("\n")] == plain.split("\n")


def test_quiet_leaves_the_sentences(default):
    text = shown(default, quiet=True)
    assert "\nformat " not in text
    assert shown(default).endswith(text.partition("\n\n")[2])


def test_asked_columns_and_no_others(default):
    text = shown(default, 60, columns=("max", "exp"))
    for line, cell in zip(cell_lines(text, default.cells), default.cells, strict=True):
        largest, overflows = figures_of(line, cell)
        assert says(largest, cell.ulp["max"])
        assert overflows == str(cell.overflow["exp"] or "·")


def test_the_header():
    found = softaudit.audit([[1.0, -2.5], [3.0, 40.0]], function="softmax", temperature=2.0)
    header = shown(found, 200).split("\n")[0]
    for words in ("2×2", "2 rows of 2", "−2.5 … 40", "widest 37", "T = 2"):
        assert words in header
    assert "exp, log" not in header
    found = softaudit.audit([1.0, 2.0], function="softmax", elementary="correct")
    assert shown(found, 200).split("\n")[0].endswith(" · exp, log correctly rounded")


TINY = "[[12, 1, 0.5], [0, -20, 0.125], [-inf, 3, -inf], [nan, 1, 2], [70000, 1, 64]]"
NARROW = {
    "function": ["softmax", "log_softmax", "logsumexp"],
    "format": ["float16", "bfloat16", "float8_e4m3fn"],
}


@pytest.mark.parametrize("width", [80, 140])
def test_golden_table(width):
    found = audit(softaudit.read(TINY), make_plan(NARROW))
    golden(f"table_{width}.txt", shown(found, width))


def test_golden_row():
    plan = make_plan(NARROW, row=(1,), elements=True)
    golden("row.txt", shown(audit(softaudit.read(TINY), plan)))


def test_golden_sentences():
    plan = make_plan(NARROW)
    golden("quiet.txt", shown(audit(softaudit.read(TINY), plan), quiet=True))
