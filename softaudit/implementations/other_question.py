"""Results that answer another question than the one asked: told by a look at some rows.

A wrong kernel is what softaudit is there to judge, and must never be taken for a right one of
something else.  So two things have to hold: what is asked is missed by far, and another question is
answered, number for number, as well as the format can.  Looking at what rows add up to was
rejected, since a kernel that loses its mass, or counts it twice, is told by nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from softaudit.formats import round_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import Function, Logits

MOST_ROWS = 64
MOST_ELEMENTS = 2**20
"""How much is looked at: rows, evenly spaced, and elements of them all together."""

MOST_SCATTERED = 2**16
"""Elements along another axis, each of them in a page of the file of its own."""

_FAR = 0.1
"""Probability that is elsewhere than it should be, in a row, from which the asked is missed."""

_WIDEST = 0.1
"""What every answer may be off, relatively: formats that round more, of 8 bits, tell no answers."""

_TELLING = 0.25
"""What one may be off by roundings of its logits too, and be told from twice as large a one."""


class Other(NamedTuple):
    """Another question, to which results are the answers.

    Attributes
    ----------
    what : str
        `logits`, which are no answers; `function`, for the other one; `temperature`, for 1; `axis`,
        for another class axis; `exchanged`, where it and the class axis are; `all`, for all logits
        as one row.
    axis : int
        Which axis of the file; −1 where there is none to tell.
    """

    what: Literal["logits", "function", "temperature", "axis", "exchanged", "all"]
    axis: int = -1


@dataclass(frozen=True, slots=True)
class Asked:
    """What results should be.

    Attributes
    ----------
    function : str
    form : Format
        Their number format.
    temperature : float
    axis : int
        The class axis in the file, counted from the front.
    """

    function: Function
    form: Format
    temperature: float
    axis: int

    @property
    def other_function(self) -> Function:
        """The one that may have been taken for it."""
        return "log_softmax" if self.function == "softmax" else "softmax"


def other_question(logits: Logits, outputs: Logits, asked: Asked) -> Other | None:
    """Tell which other question results answer, if they do.

    Parameters
    ----------
    logits, outputs : Logits
        In the same layout.
    asked : Asked

    Returns
    -------
    Other or None

    Notes
    -----
    Nothing is told of logsumexp, whose answers are one number each, nor of rows over
    `MOST_ELEMENTS`.  Rows with NaN, with +∞ or nothing but −∞ are left out; what is too small for
    the format's normal numbers says nothing, and nor do formats of 8 bits, but for the logits.
    """
    if asked.function == "logsumexp":
        return None
    pair = _Pair(logits, outputs)
    with np.errstate(all="ignore"):  # of which a NaN or an infinity fits nothing
        x, v = pair.rows()
        if not _misses(v, _softmax(x / asked.temperature), asked.function):
            return None
        return next(_others(pair, x, v, asked), None)


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """Logits and outputs in one layout."""

    logits: Logits
    outputs: Logits

    def rows(self, most: int = MOST_ELEMENTS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give some rows of both, those that have an answer and no NaN; none of endless ones."""
        total, columns = self.logits.rows, self.logits.columns
        number = min(MOST_ROWS, most // columns, total)
        chosen = np.arange(number, dtype=np.int64) * total // max(number, 1)
        x, v = self.logits.take(chosen), self.outputs.take(chosen)
        top = x.max(axis=-1)
        sound = (top < np.inf) & (top > -np.inf) & ~np.isnan(v).any(axis=-1)
        return x[sound], v[sound]

    def along(self, axis: int) -> _Pair:
        """Take another axis, of the layout, for the class axis."""
        return _Pair(*(replace(each, values=np.moveaxis(each.values, axis, -1))
                       for each in (self.logits, self.outputs)))  # fmt: skip

    def transposed(self, axis: int) -> _Pair:
        """Take outputs whose class axis was exchanged with another one of the layout."""
        swapped = np.swapaxes(self.outputs.values, axis, -1)
        return replace(self, outputs=replace(self.outputs, values=swapped))


def _others(
    pair: _Pair, x: NDArray[np.float64], v: NDArray[np.float64], asked: Asked
) -> Iterator[Other]:
    same = np.array_equal(x, v) or np.array_equal(round_to(x, asked.form), v)
    if same and (v != v[:1, :1]).any():
        yield Other("logits")
    if _answer(x, v, replace(asked, function=asked.other_function)):
        yield Other("function")
    if asked.temperature != 1.0 and _answer(x, v, replace(asked, temperature=1.0)):
        yield Other("temperature")
    yield from _other_axes(pair, asked)


def _other_axes(pair: _Pair, asked: Asked) -> Iterator[Other]:
    shape = pair.logits.values.shape
    for axis in range(len(shape) - 1):
        in_file = axis + (axis >= asked.axis)
        if _answer(*pair.along(axis).rows(MOST_SCATTERED), asked):
            yield Other("axis", in_file)
        if shape[axis] == shape[-1] and _answer(*pair.transposed(axis).rows(MOST_SCATTERED), asked):
            yield Other("exchanged", in_file)
    if len(shape) > 1 and pair.logits.values.size <= MOST_ELEMENTS:
        flat = _Pair(*(replace(each, values=each.values.reshape(1, -1))
                       for each in (pair.logits, pair.outputs)))  # fmt: skip
        if _answer(*flat.rows(), asked):
            yield Other("all")


def _answer(x: NDArray[np.float64], v: NDArray[np.float64], asked: Asked) -> bool:
    """Tell whether outputs are the answers, to what the format can do, and no simple ones.

    Uniform rows, and rows of one 1 and zeros, are answers to many questions, and what many a wrong
    kernel gives: there has to be a number well below its row's largest and above subnormal ones.
    Rounding logits, and their difference from the maximum, costs the more the larger they are.
    """
    unit = 2.0**-asked.form.precision
    off, least = max(0.01, 8 * unit), 4 * asked.form.least_normal
    if not len(x) or off > _WIDEST:
        return False
    p, size = _softmax(x / asked.temperature), np.abs(x / asked.temperature)
    slack = off + 2 * unit * (size + np.abs(x.max(axis=-1, keepdims=True) / asked.temperature))
    below = (p > least) & (p < p.max(axis=-1, keepdims=True) / 2)
    if not (below & (slack < _TELLING)).any():
        return False
    if asked.function == "softmax":
        near = np.abs(v - p) <= np.where(p > 0, np.expm1(slack) * p, 0.0) + least
    else:
        log_p = np.log(p)
        near = np.abs(v - log_p) <= slack - 2 * unit * log_p
        near |= (p < least) & (v < np.log(least) / 2)
    return bool(near.all())


def _misses(v: NDArray[np.float64], p: NDArray[np.float64], function: Function) -> bool:
    """Tell whether much of some row's probability is elsewhere."""
    q = np.exp(v) if function == "log_softmax" else v
    return bool((np.abs(q - p).sum(axis=-1) > 2 * _FAR).any())


def _softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float64] = e / e.sum(axis=-1, keepdims=True)
    return probabilities


__all__ = ["MOST_ELEMENTS", "MOST_ROWS", "MOST_SCATTERED", "Asked", "Other", "other_question"]
