"""One line of a report, and the parts that it has beside plain counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from softaudit.model.key import CellKey
    from softaudit.model.problem import RowKind


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
class AxisMap:
    """The largest error in each slice along the first axes of the logits: layers, heads.

    Attributes
    ----------
    shape : tuple of int
        Lengths of these axes.
    largest : tuple of float or None
        In ulp, the last of these axes fastest; None where no element counts.
    """

    shape: tuple[int, ...]
    largest: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of a report: one function, arithmetic and algorithm on one source.

    Counts are of elements unless a name says rows; None means not applicable.  `events` are places
    of counts, `causes` of wrong results, and `breaks` of results that are not finite, or 0, though
    they should not be; each by name, and absent where it did not happen.  `gaps` counts the errors
    of `histogram` by the bin of the gap to the row's maximum and the bin of the error: see
    `metrics.gaps`.  `against` is the name of the trusted cell that this one stands against, if any,
    and `ratio` has this one's figures over that one's, by dotted name: see `softaudit.against`.
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
    gaps: Mapping[tuple[int, int], int] | None = None
    by_axis: AxisMap | None = None
    against: str | None = None
    ratio: Mapping[str, float | None] | None = None
