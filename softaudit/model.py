"""The data types that travel: logits, problem, output, enclosure, cell, audit.

Every arrow of the pipeline is a function call with these as arguments.  They are frozen, the
arrays in them are not written to after construction, and nothing in here computes.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field, fields
from enum import IntEnum
from math import prod
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from softaudit.formats import Format

Function = Literal["softmax", "log_softmax", "logsumexp", "cross_entropy"]


@dataclass(frozen=True, slots=True, eq=False)
class Logits:
    """Logits as a file has them, the class axis moved to the end.

    Attributes
    ----------
    values : ndarray, shape (..., columns)
        Any real dtype that float64 holds exactly; everything before the last axis is rows.
    name : str
        What to call the source in a report; never an absolute path.
    command : str
        The words that name the source again on a command line.
    format : str
        Number format of the file: a format's name, an integer dtype's, or "text".
    shape : tuple of int
        Shape in the file, before any axis was moved.
    sha256 : str
        Of the bytes read.
    key : str or None
        Name of the array inside its file, where a file has several.
    axis : int
        Which axis of the file is the class axis.
    """

    values: NDArray[Any]
    name: str
    command: str
    format: str
    shape: tuple[int, ...]
    sha256: str
    key: str | None = None
    axis: int = -1

    @property
    def columns(self) -> int:
        """Length of the class axis."""
        return int(self.values.shape[-1])

    @property
    def rows_shape(self) -> tuple[int, ...]:
        """Shape of everything before the class axis."""
        return tuple(self.values.shape[:-1])

    @property
    def rows(self) -> int:
        """Number of rows; a single vector is one row."""
        return prod(self.rows_shape)

    @property
    def source(self) -> Source:
        """What a report says of these logits."""
        return Source(
            self.name, self.command, self.key, self.format, self.shape, self.axis,
            self.rows, self.columns, self.sha256,
        )  # fmt: skip

    def take(
        self, numbers: NDArray[np.int64], start: int = 0, stop: int | None = None
    ) -> NDArray[np.float64]:
        """Give some rows, or a window of their columns, as a contiguous float64 array.

        Returns
        -------
        ndarray of float64, shape (len(numbers), columns)
        """
        window = self.values[..., start:stop]
        if not self.rows_shape:
            rows = window[None][numbers]
        else:
            rows = window[np.unravel_index(numbers, self.rows_shape)]
        with np.errstate(invalid="ignore"):  # which signalling NaNs raise
            return np.ascontiguousarray(rows, dtype=np.float64)

    def release(self) -> None:
        """Give back the pages of a mapped file that were read so far.

        The system would keep them as long as there is room, and count them as this process's.
        """
        array: Any = self.values
        while array is not None and not isinstance(array, mmap.mmap):
            array = getattr(array, "base", None)
        if array is not None and hasattr(array, "madvise"):
            array.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True, slots=True)
class Window:
    """Which columns of its rows a block has, of rows that are too long to be looked at at once.

    Attributes
    ----------
    start : int
        The first column.
    is_last : bool
        Whether the rows end with it.
    """

    start: int
    is_last: bool

    @property
    def is_first(self) -> bool:
        """Whether the rows begin with it."""
        return self.start == 0


WHOLE = Window(0, is_last=True)


class RowKind(IntEnum):
    """What becomes of a row: judged, or out of the statistics and counted by kind."""

    AUDITED = 0
    NAN = 1
    POSITIVE_INFINITY = 2
    ALL_MASKED = 3
    LOST_TO_CAST = 4


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The question that algorithm and judge both answer: logits after rounding to a format.

    Attributes
    ----------
    logits : ndarray of float64, shape (rows, columns)
        x, as read.
    values : ndarray of float64, shape (rows, columns)
        x̂ = round(x), exact in float64.
    format : Format
        The storage format.
    temperature : float
        T̂ = round(T).
    """

    logits: NDArray[np.float64]
    values: NDArray[np.float64]
    format: Format
    temperature: float


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How the steps are done.

    Attributes
    ----------
    storage, compute, accumulate : Format
        Logits and results are numbers of `storage`; every step is rounded to `compute`; sums run
        in `accumulate` and are rounded to `compute` when they leave it.
    order : str
        Summation order: a key of `softaudit.arithmetic.ORDERS`.
    elementary : str
        Whose exp and log wide formats use: a key of `softaudit.arithmetic.ELEMENTARY`.  Like the
        temperature it holds for a whole run, and is no part of the name.
    """

    storage: Format
    compute: Format
    accumulate: Format
    order: str
    elementary: str = "numpy"

    @property
    def flushes(self) -> bool:
        """Whether every step makes 0 of subnormal numbers."""
        return self.compute.flushes

    @property
    def saturates(self) -> bool:
        """Whether its float8 formats saturate."""
        return any(f.beyond == "largest" for f in (self.storage, self.compute, self.accumulate))

    @property
    def posed(self) -> Format:
        """The format to which logits are rounded for the problem: subnormal ones stay."""
        return self.storage.keeping

    @property
    def name(self) -> str:
        """`format[:compute[:accumulate[:order]]][+flush][+saturate]`, defaults left out."""
        formats = self.storage.name, self.compute.name, self.accumulate.name
        modes = ["+flush"] * self.flushes + ["+saturate"] * self.saturates
        return arithmetic_name(*formats, self.order) + "".join(modes)


def arithmetic_name(storage: str, compute: str, accumulate: str, order: str) -> str:
    """Give `format[:compute[:accumulate[:order]]]`, defaults left out."""
    parts, defaults = [storage, compute, accumulate, order], [None, storage, compute, "pairwise"]
    while parts[-1] == defaults[len(parts) - 1]:
        parts.pop()
    return ":".join(parts)


@dataclass(frozen=True, slots=True)
class CellKey:
    """What identifies one line of a report.

    Attributes
    ----------
    function : str
    arithmetic : Arithmetic
    algorithm : str
        A key of `softaudit.algorithms.ALGORITHMS`, or what stands for somebody else's.
    block_size : int or None
        Columns of a block, where it is not the blockwise algorithms' own.
    """

    function: Function
    arithmetic: Arithmetic
    algorithm: str
    block_size: int | None = None

    @property
    def variant(self) -> str:
        """The algorithm with its block size: `blockwise:32`."""
        return self.algorithm + (f":{self.block_size}" if self.block_size else "")

    @property
    def name(self) -> str:
        """`function/arithmetic/algorithm[:block size]`; see `Arithmetic.name`."""
        return f"{self.function}/{self.arithmetic.name}/{self.variant}"


@dataclass(slots=True, eq=False)
class Steps:
    """What an algorithm passed through: the evidence from which causes are told.

    Every attribute is None where the algorithm has no such step.  Arrays are in the compute
    format, of shape (rows, columns), or (rows, 1) for a row's own quantities.

    Attributes
    ----------
    quotient : ndarray
        round(x̂/T̂).
    argument, exponential : ndarray
        What went into exp, and what came out and was divided by the sum.
    base_two : bool
        Whether that was 2^argument.
    doublings : ndarray
        Powers of two kept apart from the exponentials: exp(argument) · 2^doublings.
    shift : ndarray
        What was subtracted in base 2, for each element.
    carried : ndarray of float64
        By how much, in base 2, the factors by which the exponential was rescaled are too large:
        what the differences of shifts lost in rounding.
    total : ndarray
        The sum of the exponentials, rounded to the compute format.
    beside_one : bool
        Whether that sum is of all exponentials but one that is 1, of which 1 + total is meant.
    reciprocal : ndarray
        round(1/total), by which the exponentials were multiplied.
    stalled : ndarray of bool
        Rows whose accumulator lost more than a balanced tree of as many terms can lose.
    probability : ndarray
        The softmax of which the logarithm was taken.
    addend : ndarray
        What was added to the logarithm of the sum: the shift x − m, or m.
    log_total : ndarray
        The logarithm of the sum, to which that was added; negative where it was subtracted.
    folded : ndarray
        m + the logarithm of the sum, rounded, where it was subtracted from the logits.
    """

    quotient: NDArray[Any] | None = None
    argument: NDArray[Any] | None = None
    exponential: NDArray[Any] | None = None
    total: NDArray[Any] | None = None
    stalled: NDArray[np.bool_] | None = None
    probability: NDArray[Any] | None = None
    addend: NDArray[Any] | None = None
    log_total: NDArray[Any] | None = None
    folded: NDArray[Any] | None = None
    base_two: bool = False
    doublings: NDArray[Any] | None = None
    shift: NDArray[Any] | None = None
    carried: NDArray[np.float64] | None = None
    beside_one: bool = False
    reciprocal: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """What an algorithm returned.

    Attributes
    ----------
    values : ndarray of float64, shape (rows, columns), or (rows, 1) for logsumexp
        Numbers of the storage format.
    steps : Steps or None
        None for somebody else's outputs.
    """

    values: NDArray[np.float64]
    steps: Steps | None


@dataclass(frozen=True, slots=True, eq=False)
class Enclosure:
    """Proven bounds of exact values: |y / 2^exponent − (high + low)| ≤ radius · |high|.

    All arrays have one shape, that of the function's values; `exponent`, `radius` and `side` may
    be one number that is broadcast, and none is written to.

    Attributes
    ----------
    high : ndarray of float64
        The double next to y / 2^exponent; 0 for y = 0, ±∞ where y is infinite, NaN where y is not
        defined.
    low : ndarray of float64
        |low| ≤ half an ulp of `high`.
    exponent : ndarray of int64
        0 where |y| lies within 2^±PLAIN; elsewhere `high` is in ±[1, 2).  Clamped from below at
        `formats.LEAST_BINADE`, where the radius spans 0.
    radius : ndarray of float64
        Relative; 0 where (high, low) is exact.
    side : ndarray of int8
        A one-sided fact that no precision would show: −1 where y < (high + low) · 2^exponent is
        known strictly, +1 where y > it is; 0 where nothing is known.
    """

    high: NDArray[np.float64]
    low: NDArray[np.float64]
    exponent: NDArray[np.int64]
    radius: NDArray[np.float64]
    side: NDArray[np.int8]

    def far(self) -> NDArray[np.int64]:
        """Give the places, in the flattened arrays, of values that carry an exponent."""
        if not any(self.exponent.strides):
            some = self.exponent.size and self.exponent.flat[0] != 0
            return np.arange(self.exponent.size if some else 0)
        return np.flatnonzero(self.exponent)


PLAIN = 900
"""Binades within which an enclosure needs no exponent, and products with its scale are normal."""


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What the enclosure decides for one format; the arrays have the enclosure's shape.

    Attributes
    ----------
    enclosure : Enclosure
    rounded : ndarray of float64
        round(y): the correctly rounded result.
    ulp : ndarray of float64
        ulp(y) in the format; anything where y is not real.
    tiers : mapping of str to int
        Values that the enclosure left open, by what settled them; "undecided" are still open.
    """

    enclosure: Enclosure
    rounded: NDArray[np.float64]
    ulp: NDArray[np.float64]
    tiers: Mapping[str, int] = field(default_factory=dict)


BlockT = TypeVar("BlockT", Problem, Output, Steps, Enclosure, Decision)


def take_rows(block: BlockT, rows: NDArray[np.bool_]) -> BlockT:
    """Give the same object with some of its rows; the object itself where that is all of them."""
    if rows.all():
        return block
    parts: Any = {f.name: _take(getattr(block, f.name), rows) for f in fields(block)}
    return type(block)(**parts)


def _take(part: Any, rows: NDArray[np.bool_]) -> Any:
    if isinstance(part, np.ndarray):
        return part[rows]
    if isinstance(part, Steps):
        return take_rows(part, rows)
    return take_rows(part, rows) if isinstance(part, Enclosure) else part


@dataclass(frozen=True, slots=True)
class Worst:
    """One element, with the judge's figures.

    Attributes
    ----------
    index : tuple of int
        Place in the logits, class axis last; without that axis for logsumexp.
    logit : float or None
        x as read; None for logsumexp.
    computed : float
        What the algorithm returned.
    exact : str
        Decimal, 25 significant digits, correctly rounded.
    ulp : float
        |v − y| / ulp(y).
    relative : float
        |v − y| / |y|.
    cause : str
        The step that explains the error: a key of `metrics.CAUSES`.
    """

    index: tuple[int, ...]
    logit: float | None
    computed: float
    exact: str
    ulp: float
    relative: float
    cause: str


@dataclass(frozen=True, slots=True)
class Event:
    """How often something happened, in how many rows, and where first."""

    count: int
    rows: int
    first: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Degenerate:
    """Rows that are out of the statistics: their kind, number, first place, what was returned."""

    kind: RowKind
    rows: int
    first: tuple[int, ...]
    returned: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """Errors in the maximum norm beside the published a-priori bound; see `metrics.bounds`.

    Attributes
    ----------
    rows : int
        Rows whose sum and results are all finite: the others have no bound.
    error : float
        Largest max |v − y| / max |y| of one of these rows.
    ratio : float
        Largest error over bound of one row.
    bound : float
        That row's bound.
    index : tuple of int
        That row's place.
    """

    rows: int
    error: float
    ratio: float
    bound: float
    index: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """Condition numbers of audited rows: the largest, the median, and where the largest is.

    See `metrics.condition`.
    """

    max: float
    p50: float
    index: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RowQuality:
    """What became of whole rows of probabilities, or of their logarithms.

    Attributes
    ----------
    argmax_kept : int
        Rows whose largest result is that of a largest logit.
    top_k : int
        How many elements from the top the next looks at, masks apart.
    top_k_kept : int
        Rows of which a stable descending sort lists the same first as the exact order.
    kl : mapping of str to float, int or None
        Kullback–Leibler divergence of the normalized row from the exact one, in nats: its maximum,
        the mean of finite ones and how many these are.
    total_variation : mapping of str to float or None
        ½ Σ |q − p|: its maximum, and the mean of finite ones.
    log_probability : float or None
        The largest |log q − log p| of an element.
    choice_refused : int or None
        Rows that `numpy.random.choice` would refuse; None but for softmax.
    """

    argmax_kept: int
    top_k: int
    top_k_kept: int
    kl: Mapping[str, float | int | None]
    total_variation: Mapping[str, float | None]
    log_probability: float | None
    choice_refused: int | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of a report: one function, arithmetic and algorithm on one source.

    Counts are of elements unless a name says rows; None means not applicable.  `events` are places
    of counts, `causes` of wrong results, and `breaks` of results that are not finite, or 0, though
    they should not be; each by name, and absent where it did not happen.
    """

    key: CellKey
    elements: int
    rows: Mapping[str, int]
    overflow: Mapping[str, int]
    underflow: Mapping[str, int | float | None]
    out_of_range: int | None
    ulp: Mapping[str, float | int | None]
    histogram: Mapping[int, int]
    absolute_max: float | None
    relative_max: float | None
    correctly_rounded: int
    cast_error: Mapping[str, float | None]
    origin: Mapping[str, Mapping[str, float | None]]
    quality: RowQuality | None
    row_sum_defect: float | None
    worst: tuple[Worst, ...]
    events: Mapping[str, Event]
    causes: Mapping[str, Event]
    breaks: Mapping[str, Event]
    degenerate: tuple[Degenerate, ...]
    ulp_radius: float
    bound: Bound | None = None
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask of a source.

    Attributes
    ----------
    keys : tuple of CellKey
        The cells, in display order.
    temperature : float
        T, positive and finite.
    reference : str
        How the judge works: a key of `softaudit.reference.METHODS`.
    worst : int
        How many worst elements a cell keeps, one per cause.
    sample : int or None
        So many rows, evenly spaced, instead of all.
    row : tuple of int or None
        Index of the one row to audit.
    elements : bool
        Whether to show the rows element by element as well.
    skipped : tuple of SkippedCell
        Cells that were asked for and do not exist.
    limit : float or None
        Errors in ulp above which somebody else's outputs are counted in `Cell.causes`; None for
        `metrics.WORTH_TELLING`.
    elementary : str
        Whose exp and log all cells use in wide formats: a key of
        `softaudit.arithmetic.ELEMENTARY`.
    """

    keys: tuple[CellKey, ...]
    temperature: float = 1.0
    reference: str = "certified"
    worst: int = 5
    sample: int | None = None
    row: tuple[int, ...] | None = None
    elements: bool = False
    skipped: tuple[SkippedCell, ...] = ()
    limit: float | None = None
    elementary: str = "numpy"


@dataclass(frozen=True, slots=True)
class SkippedCell:
    """A cell that could not be asked, and why."""

    cell: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReferenceUse:
    """What the judge did.

    Attributes
    ----------
    method : str
    tiers : mapping of str to int
        Values by what settled them, each counted once for a function and format: "double_word",
        their enclosure; "enclosed_sum", mpmath with the row's sum by double-words; "mpmath" alone;
        "undecided", nothing within the budget.
    ulp_radius : float
        Errors that differ by less are the same, in ulp.
    """

    method: str
    tiers: Mapping[str, int]
    ulp_radius: float

    @property
    def undecided(self) -> int:
        """Values that are still open."""
        return self.tiers["undecided"]

    @property
    def settled_by_mpmath(self) -> int:
        """Values that took more than double-words."""
        return self.tiers["enclosed_sum"] + self.tiers["mpmath"]


@dataclass(frozen=True, slots=True)
class Source:
    """What a report says of the logits it is about; see `Logits`."""

    name: str
    command: str
    key: str | None
    format: str
    shape: tuple[int, ...]
    axis: int
    rows: int
    columns: int
    sha256: str

    @property
    def input(self) -> str:
        """What cells and verdicts call it: its name, with the key where a file has several."""
        return self.name if self.key is None else f"{self.name}:{self.key}"


@dataclass(frozen=True, slots=True)
class ElementResult:
    """What one cell made of one element; the error is None where none is defined."""

    computed: float
    ulp: float | None


@dataclass(frozen=True, slots=True)
class RowElement:
    """One element of a row, in one storage format.

    Attributes
    ----------
    column : int or None
        Place in the row; None for a function of the whole row.
    logit, rounded : float or None
        x as read, and x̂.
    exact : str or None
        Decimal, 25 significant digits; None where the row has no answer.
    results : mapping of str to ElementResult
        By the cell's name.
    """

    column: int | None
    logit: float | None
    rounded: float | None
    exact: str | None
    results: Mapping[str, ElementResult]


@dataclass(frozen=True, slots=True)
class RowTable:
    """One row, element by element, for one function and storage format.

    `left_out` elements of a long row are not in it: those with the smallest errors.  `condition` is
    the row's condition number, None where it has no answer, or an infinite one.
    """

    index: tuple[int, ...]
    function: Function
    format: str
    kind: RowKind
    elements: tuple[RowElement, ...]
    left_out: int
    condition: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """All cells of one source.

    Attributes
    ----------
    source : Source
    temperature : float
    sampled : int or None
        How many rows were taken instead of all.
    reference : ReferenceUse
    cells : tuple of Cell
    skipped : tuple of SkippedCell
    range : tuple of float, or None
        Least and largest finite logit.
    widest : float or None
        The largest gap between finite logits of one row.
    row : tuple of int or None
        Index of the one row that was asked for.
    partial : int or None
        How many rows were done when the work was stopped; None where all were.
    tables : tuple of RowTable
        Rows element by element, where they were asked for.
    shown_worst : int
        How many worst elements to show.
    elementary : str
        Whose exp and log all cells used in wide formats.
    """

    source: Source
    temperature: float
    sampled: int | None
    reference: ReferenceUse
    cells: tuple[Cell, ...]
    skipped: tuple[SkippedCell, ...]
    range: tuple[float, float] | None
    widest: float | None
    row: tuple[int, ...] | None = None
    partial: int | None = None
    tables: tuple[RowTable, ...] = ()
    shown_worst: int = 5
    elementary: str = "numpy"
