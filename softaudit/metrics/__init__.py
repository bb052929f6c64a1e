"""What is measured: each metric takes in judged blocks, and merges with its like.

Metrics see results and enclosures; they never run an algorithm, so an error in one cannot hide in
the other.
"""

from __future__ import annotations

from softaudit.metrics.bins import BINS_PER_OCTAVE, INFINITE_BIN, ONE_ULP_BIN, Ranks, edge
from softaudit.metrics.bounds import BOUNDS, Bounds
from softaudit.metrics.by_axis import ByAxis, mapped_axes
from softaudit.metrics.cast import Cast
from softaudit.metrics.cause import CAUSES, DESCRIPTIONS, EXPLANATIONS
from softaudit.metrics.condition import Conditions, condition
from softaudit.metrics.extent import Extent, Extents
from softaudit.metrics.facts import RowFacts
from softaudit.metrics.gaps import (
    GAP_BINS_PER_OCTAVE,
    ULP_BINS_PER_OCTAVE,
    by_error,
    gap_edge,
    gap_offsets,
    in_half_octaves,
    ulp_edge,
)
from softaudit.metrics.judged import Judged, Yardstick, compare
from softaudit.metrics.largest import LargestErrors
from softaudit.metrics.origin import Excess, Floor
from softaudit.metrics.places import Places
from softaudit.metrics.probabilities import Probabilities
from softaudit.metrics.quality import Quality
from softaudit.metrics.range import COUNTS, OVER_LOGITS, Range
from softaudit.metrics.ranking import TOP_K
from softaudit.metrics.rows import Rows
from softaudit.metrics.shared import Shared
from softaudit.metrics.ulp import UlpErrors, percentile
from softaudit.metrics.worst import WORTH_TELLING, WorstElements

__all__ = [
    "BINS_PER_OCTAVE",
    "BOUNDS",
    "CAUSES",
    "COUNTS",
    "DESCRIPTIONS",
    "EXPLANATIONS",
    "GAP_BINS_PER_OCTAVE",
    "INFINITE_BIN",
    "ONE_ULP_BIN",
    "OVER_LOGITS",
    "TOP_K",
    "ULP_BINS_PER_OCTAVE",
    "WORTH_TELLING",
    "Bounds",
    "ByAxis",
    "Cast",
    "Conditions",
    "Excess",
    "Extent",
    "Extents",
    "Floor",
    "Judged",
    "LargestErrors",
    "Places",
    "Probabilities",
    "Quality",
    "Range",
    "Ranks",
    "RowFacts",
    "Rows",
    "Shared",
    "UlpErrors",
    "WorstElements",
    "Yardstick",
    "by_error",
    "compare",
    "condition",
    "edge",
    "gap_edge",
    "gap_offsets",
    "in_half_octaves",
    "mapped_axes",
    "percentile",
    "ulp_edge",
]
