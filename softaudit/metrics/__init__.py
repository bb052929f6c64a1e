"""What is measured: each metric takes in judged blocks, and merges with its like.

Metrics see results and enclosures; they never run an algorithm, so an error in one cannot hide in
the other.
"""

from __future__ import annotations

from softaudit.metrics.bounds import BOUNDS, Bounds
from softaudit.metrics.cast import Cast
from softaudit.metrics.cause import CAUSES, DESCRIPTIONS, EXPLANATIONS
from softaudit.metrics.condition import Conditions, condition
from softaudit.metrics.extent import Extent, Extents
from softaudit.metrics.facts import RowFacts
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
from softaudit.metrics.ulp import (
    BINS_PER_OCTAVE,
    INFINITE_BIN,
    ONE_ULP_BIN,
    UlpErrors,
    edge,
    percentile,
)
from softaudit.metrics.worst import WORTH_TELLING, WorstElements

__all__ = [
    "BINS_PER_OCTAVE",
    "BOUNDS",
    "CAUSES",
    "COUNTS",
    "DESCRIPTIONS",
    "EXPLANATIONS",
    "INFINITE_BIN",
    "ONE_ULP_BIN",
    "OVER_LOGITS",
    "TOP_K",
    "WORTH_TELLING",
    "Bounds",
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
    "RowFacts",
    "Rows",
    "Shared",
    "UlpErrors",
    "WorstElements",
    "Yardstick",
    "compare",
    "condition",
    "edge",
    "percentile",
]
