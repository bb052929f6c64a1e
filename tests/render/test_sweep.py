"""The sweep for people: it fits the width, and says what the points say.

`SOFTAUDIT_REGENERATE=1` writes the golden files anew.  They hold formats of at most 16 bits alone,
whose figures are the same on every machine.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from softaudit.plan import make_plan
from softaudit.render.screen import Screen
from softaudit.render.strip import BARS, Axis, sign
from softaudit.render.sweep import SWEEP_RENDERERS
from softaudit.render.sweep_words import range_words
from softaudit.sources import read
from softaudit.sources.array import from_array
from softaudit.studies.sweep import make_grid, sweep
from softaudit.studies.swept import Point, Stretch, Sweep, SweptCell

from .judged import golden

render = SWEEP_RENDERERS["table"]


def swept(literal: str, *grid: float, heard=lambda _: False, **names: str) -> Sweep:
    plan = make_plan({option: name.split(",") for option, name in names.items()})
    return sweep(read(literal)[0], plan, make_grid(*grid), heard=heard)


@pytest.fixture(scope="module")
def narrow():
    return swept("[12, 0, -6]", 0.05, 20, 13, format="float16,float8_e4m3fn,bfloat16")


@pytest.mark.parametrize("width", [60, 80, 100])
def test_goldens(narrow, width):
    golden(f"sweep_{width}.txt", render(narrow, Screen(width)))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140, 200])
def test_it_fits_the_width(narrow, width):
    lines = render(narrow, Screen(width)).split("\n")
    assert max(map(len, lines)) <= width
    plots = [re.search(r"(naive|stable|log-of-softmax) +([×–·▁-█]+)( |$)", line) for line in lines]
    found = [(plot[1], len(plot[2])) for plot in plots if plot]
    assert [name for name, _ in found] == [cell.key.algorithm for cell in narrow.cells]
    (length,) = {length for _, length in found}
    assert length >= 10


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_plain_and_colored_say_the_same(narrow, width):
    from rich.text import Text

    colored = render(narrow, Screen(width, color=True))
    plain = "\n".join(line.rstrip() for line in Text.from_ansi(colored).plain.split("\n"))
    assert plain.rstrip("\n") == render(narrow, Screen(width)).rstrip("\n")


def stretch(low: float, high: float, before: float | None, after: float | None) -> Stretch:
    points = tuple(Point(t, t, "breaks", None) for t in dict.fromkeys((low, high)))
    return Stretch("breaks", points, before, after)


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ((0.05, 1.08, None, 1.09), "below 1.09"),
        ((3.2, 20, 3.19, None), "above 3.19"),
        ((0.05, 20, None, None), "everywhere"),
        ((0.647, 0.862, 0.642, 0.869), "0.647 … 0.862"),
        ((0.642, 0.642, 0.637, 0.647), "at 0.642"),
    ],
)
def test_ranges_in_words(of, words):
    assert range_words(stretch(*of)) == words


def test_what_was_not_looked_at_is_not_told():
    assert range_words(stretch(3.2, 4, 3.19, None), whole=False) == "3.2 … 4"
    assert range_words(stretch(0.05, 4, None, None), whole=False) == "0.05 … 4"


@pytest.mark.parametrize(
    ("largest", "shown"),
    [(0.0, "·"), (0.5, "·"), (0.51, "▁"), (4.0, "▁"), (4.1, "▂"), (32.0, "▂"), (33.0, "▃"),
     (8.0**7 * 4, "█"), (1e300, "█")],
)  # fmt: skip
def test_signs_by_the_largest_error(largest, shown, narrow):
    cell = replace(narrow.cells[0].points[-1].cell, ulp={"max": largest})
    assert sign(Point(1.0, 1.0, "loses" if largest > 4 else "holds", cell)) == shown
    assert sign(Point(1.0, 1.0, "breaks", cell)) == "×"
    assert sign(Point(1.0, 0.0, "skipped", None)) == "–"
    assert len(BARS) == 8


def test_places_on_the_axis():
    """Four octaves on eight columns: two columns to an octave."""
    axis = Axis(1.0, 16.0, 8)
    assert [axis.place(t) for t in (1.0, 2.0, 8.0)] == pytest.approx([0, 2, 6])
    assert int(axis.place(16.0)) == 7
    assert axis.labels() == "1 2 5 16"  # 5 is at 4.6; 10, at 6.6, has no room


def test_a_column_shows_the_worst_in_it_and_an_empty_one_the_nearest():
    states = {1.0: "breaks", 1.2: "skipped", 4.0: "skipped", 16.0: "breaks"}
    points = tuple(Point(t, t, state, None) for t, state in states.items())
    cell = SweptCell(swept("[1, 0]", 1, 2, 2, format="float16").cells[0].key, points)
    # Columns end at 2, 4, 8, 16: the second is nearer to 4 than to 1.2; at 4 begins the third.
    assert Axis(1.0, 16.0, 4).strip(cell) == "×––×"
    assert Axis(1.0, 256.0, 8).strip(cell) == "×––××"


def test_a_partial_sweep_says_so_and_draws_no_further():
    found = swept("[12, 0]", 1, 16, 5, heard=lambda part: part >= 0.5, format="float16",
                  function="softmax")  # fmt: skip
    text = render(found, Screen(120))
    assert "partial: interrupted after 3 temperatures" in text
    assert "above" not in text
    assert "everywhere" not in text
    assert "at every temperature so far" in text
    (strip,) = {len(Axis(1.0, 16.0, 40).strip(cell)) for cell in found.cells}
    assert strip == 21  # T = 4 is half way
    nothing = swept("[12, 0]", 1, 16, 5, heard=lambda _: True, format="float16")
    assert " ".join(render(nothing).split()).endswith("interrupted after 0 temperatures")


def test_nothing_to_judge_is_not_called_broken():
    plan = make_plan({"format": ["float16"], "function": ["softmax"]})
    found = sweep(from_array(np.array([[np.nan, 1.0]])), plan, make_grid(1, 2, 2))
    text = render(found, Screen(80))
    assert "softmax: nothing could be judged" in text
    assert "×" not in text.split("\n\n")[1]


def test_quiet_leaves_the_table_out(narrow):
    text = render(narrow, Screen(80, quiet=True))
    assert "▁" not in text
    assert "breaks   exp-overflow: softmax float16 naive" in text


def test_cells_that_do_not_exist_are_noted():
    found = swept("[1, 0]", 1, 2, 2, format="float16,float32", compute="float16")
    assert "note     5 cells skipped: compute format float16 does not hold" in render(found)
