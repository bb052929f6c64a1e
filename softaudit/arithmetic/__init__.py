"""Arithmetic made explicit: every step rounded to a named format, every sum in a named order.

Algorithms are written once against `Evaluation`, which does each step in the compute format and
keeps what it passed through.  Leaving this to NumPy's own narrow types was rejected: their sums
change with the axis and the memory layout (8000 float16 ones sum to 8000 along a contiguous axis
and to 2048 along another), so the same code would mean two things.
"""

from softaudit.arithmetic.constants import LOG2_E, LOG_2
from softaudit.arithmetic.elementary import ELEMENTARY
from softaudit.arithmetic.evaluation import Evaluation
from softaudit.arithmetic.expressions import Pending, Reductions, unchecked
from softaudit.arithmetic.rescaled import ORDERS as ONE_PASS_ORDERS
from softaudit.arithmetic.summation import ORDERS, total

__all__ = [
    "ELEMENTARY",
    "LOG2_E",
    "LOG_2",
    "ONE_PASS_ORDERS",
    "ORDERS",
    "Evaluation",
    "Pending",
    "Reductions",
    "total",
    "unchecked",
]
