"""Pictures of a cell: how its errors are distributed, and at which gaps they are.

Both panels share the axis of errors, so that a band on the right can be followed to the bars that
it makes on the left.  The right one is a two-dimensional histogram as a small image: a point for
each element would be megabytes.  All is drawn on one sheet measured in points, since axes of
Matplotlib's own take most of the time, and these are the same in every picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from math import ceil, inf, log, log10
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.style import context

from softaudit.algorithms import SHIFTED
from softaudit.metrics.gaps import LEAST_GAP
from softaudit.render.html.densities import FLOOR, by_gap, errors
from softaudit.render.html.svg import INK, tidied
from softaudit.wording import ulps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from matplotlib.axes import Axes as Panel
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import Cell
    from softaudit.render.html.densities import Axes

SETTINGS = {
    "svg.fonttype": "none", "svg.hashsalt": "softaudit", "font.family": "DejaVu Sans",
    "font.size": 9.0, "text.color": INK, "lines.color": INK, "path.simplify": False,
    "text.parse_math": False,
}  # fmt: skip
"""Beside Matplotlib's defaults, whatever the user's own are; its one font comes with it."""

WIDTH, HEIGHT = 500, 236
"""Of a picture, in points, 72 to an inch."""

BOTTOM, TOP = 32, 220
LEFT, MIDDLE, FIELD, RIGHT = 36, 140, 150, 424
"""Where the panels begin and end, and with them the room for labels."""

COLOR = (0x1F, 0x6F, 0xB2)
FAINT = 0.2
"""How much of the color a single element has."""

ERRORS = tuple(10.0**power for power in range(-2, 13))
LEAST = "≤0.01"
"""What the lowest row holds, 0 included."""
GAPS = (0.01, 0.1, 1.0, 10.0, 100.0, 1e3)
COUNTS = (1, 10**3, 10**6, 10**9)


@dataclass(frozen=True, slots=True)
class Span:
    """An axis: a straight map to points.

    Attributes
    ----------
    low, high : float
        What it shows.
    start, end : float
        Where, in points.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Give the place of a value."""
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)


def picture(cell: Cell, axes: Axes, title: str, description: str, name: str) -> str:
    """Draw a cell.

    Parameters
    ----------
    cell : Cell
    axes : Axes
        Those of all pictures beside it.
    title, description : str
        The text alternative.
    name : str
        Of the picture, fit for an id.

    Returns
    -------
    str
        An element `svg`, the same bytes for the same cell and axes.
    """
    with context(["default", SETTINGS]):
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72, frameon=False)
        sheet = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, HEIGHT))
        sheet.set_axis_off()
        upwards = Span(FLOOR - 1, axes.height, BOTTOM, TOP)
        has_field = bool(cell.gaps)
        _draw_bars(sheet, cell, axes, upwards, MIDDLE if has_field else RIGHT)
        if has_field:
            _draw_field(sheet, cell, axes)
        _draw_marks(sheet, cell, axes, upwards)
        written = StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(written, format="svg", metadata=nothing)
    return tidied(written.getvalue(), title, description, name)


def _draw_bars(sheet: Panel, cell: Cell, axes: Axes, upwards: Span, end: float) -> None:
    """Draw the distribution: a bar's length is logarithmic, 1 still to be seen."""
    onwards = Span(0, _length(axes.most), LEFT, end)
    lengths = {axes.row(error): _length(count) for error, count in errors(cell).items()}
    outline = [(onwards.at(x), upwards.at(y)) for x, y in _outline(lengths, axes)]
    if outline:
        xs, ys = zip(*outline, strict=True)
        sheet.fill(xs, ys, color=INK, linewidth=0, alpha=0.7)
    _line(sheet, (LEFT, LEFT), (BOTTOM, TOP), 0.6)
    _line(sheet, (LEFT, end), (BOTTOM, BOTTOM), 0.6)
    _name_errors(sheet, axes, upwards)
    counts = {onwards.at(_length(n)): _number(n) for n in COUNTS if n <= axes.most}
    _scale(sheet, counts, "elements", (LEFT + end) / 2)
    sheet.text(0, HEIGHT - 8, "error, ULP", ha="left")


def _name_errors(sheet: Panel, axes: Axes, upwards: Span) -> None:
    """Write powers of ten beside the axis, as many as there is room for."""
    places = {error: upwards.at(axes.at_error(error)) for error in ERRORS}
    places = {error: at for error, at in places.items() if at < upwards.at(axes.top) - 4}
    step = ceil(15 * len(places) / (upwards.at(axes.top) - BOTTOM))
    shown = list(places.items())[::step]
    texts = {at: LEAST if error == ERRORS[0] else _number(error) for error, at in shown}
    texts |= {upwards.at(axes.at_error(inf)): "∞"} if axes.has_infinite else {}
    for at, text in texts.items():
        sheet.text(LEFT - 5, at - 3, text, ha="right")


def _length(count: int) -> float:
    return 0.4 + log10(count)


def _number(value: float) -> str:
    return f"{value:g}" if value < 2e3 else f"1e{round(log10(value))}"


def _outline(lengths: Mapping[int, float], axes: Axes) -> Iterator[tuple[float, float]]:
    """Give the outline of all bars, from the axis where none is beside one."""
    for row in sorted(lengths):
        low = row - 1 - (row == axes.infinite)
        if row - 1 not in lengths:
            yield 0, low
        yield lengths[row], low
        yield lengths[row], row
        if row + 1 not in lengths:
            yield 0, row


def _scale(sheet: Panel, places: Mapping[float, str], name: str, middle: float) -> None:
    for at, text in places.items():
        sheet.text(at, BOTTOM - 12, text, ha="center")
    sheet.text(middle, BOTTOM - 26, name, ha="center")


def _line(
    sheet: Panel, xs: tuple[float, float], ys: tuple[float, float], width: float, alpha: float = 1
) -> None:
    sheet.plot(xs, ys, color=INK, linewidth=width, alpha=alpha, scalex=False, scaley=False)


def _draw_field(sheet: Panel, cell: Cell, axes: Axes) -> None:
    """Draw the errors by gap, and where an exponential of −gap is subnormal, and 0."""
    onwards = Span(axes.left - 1, axes.width, FIELD, RIGHT)
    sheet.imshow(_shades(cell, axes), origin="lower", aspect="auto", interpolation="none",
                 extent=(FIELD, RIGHT, BOTTOM, TOP))  # fmt: skip
    sheet.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    _line(sheet, (FIELD, RIGHT), (BOTTOM, BOTTOM), 0.6)
    inside = [gap for gap in GAPS if axes.left < axes.at_gap(gap) < axes.right]
    places = {onwards.at(axes.at_gap(gap)): _number(gap) for gap in inside}
    places |= {onwards.at(axes.left - 0.5): "0"} if axes.left == LEAST_GAP else {}
    places |= {onwards.at(axes.masks - 0.5): "∞"} if axes.has_masks else {}
    _scale(sheet, places, "gap to the row’s maximum", (FIELD + RIGHT) / 2)
    if cell.key.algorithm in SHIFTED:
        _draw_ends(sheet, cell.key.arithmetic.compute, axes, onwards)


def _shades(cell: Cell, axes: Axes) -> NDArray[np.uint8]:
    """Give the image: one color, the more opaque the more elements, logarithmically."""
    shape = (axes.height - FLOOR + 1, axes.width - axes.left + 1, 4)
    image = np.zeros(shape, dtype=np.uint8)
    image[..., :3] = COLOR
    for (gap, error), count in by_gap(cell).items():
        part = FAINT + (1 - FAINT) * log(count) / max(log(axes.densest), 1.0)
        row, column = axes.row(error) - FLOOR, axes.column(gap) - axes.left
        rows = slice(row - (row + FLOOR == axes.infinite), row + 1)
        image[rows, column, 3] = round(255 * min(part, 1))
    return image


def subnormal_beyond(form: Format) -> float:
    """Give the gap beyond which exp(−gap) is subnormal in a format, or 0 where these are."""
    return -form.emin * log(2)


def zero_beyond(form: Format) -> float:
    """Give the gap beyond which exp(−gap) is rounded to 0."""
    return subnormal_beyond(form) if form.flushes else -form.exp2_vanishes_below * log(2)


def overflows_above(form: Format) -> float:
    """Give the logit, about, above which its exponential is beyond the largest number."""
    return log(form.largest)


def _draw_ends(sheet: Panel, form: Format, axes: Axes, onwards: Span) -> None:
    ends = [("exp = 0", zero_beyond(form), "left", 3)]
    if not form.flushes:
        ends.append(("subnormal", subnormal_beyond(form), "right", -3))
    for text, gap, side, shift in ends:
        if axes.left < axes.at_gap(gap) < axes.right:
            at = onwards.at(axes.at_gap(gap))
            sheet.plot((at, at), (BOTTOM, TOP + 4), color=INK, linewidth=0.7, alpha=0.8,
                       linestyle=(0, (1, 2)))  # fmt: skip
            sheet.text(at + shift, HEIGHT - 8, text, ha=side)


def _draw_marks(sheet: Panel, cell: Cell, axes: Axes, upwards: Span) -> None:
    """Draw median, 99th percentile and largest error through both panels, and name them."""
    figures = {name: cell.ulp[name] for name in ("p50", "p99", "max")}
    places = {n: upwards.at(axes.at_error(v)) for n, v in figures.items() if v is not None}
    for at in sorted(set(places.values())):
        _line(sheet, (LEFT, RIGHT), (at, at), 0.5, 0.45)
    for name, at in zip(places, _apart(places.values(), 11), strict=True):
        sheet.text(RIGHT + 5, at - 3, f"{name} {ulps(figures[name])}", ha="left",
                   weight="bold" if name == "max" else "normal")  # fmt: skip


def _apart(places: Iterable[float], least: float) -> list[float]:
    """Move labels apart that are in ascending order, up, and down where that leaves the panel."""
    found, below = [], float("-inf")
    for at in places:
        below = max(at, below + least)
        found.append(below)
    above = TOP + least
    for index in reversed(range(len(found))):
        found[index] = above = min(found[index], above - least)
    return found
