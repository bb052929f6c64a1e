"""The judge: proven enclosures of exact values, and what they decide.

It uses IEEE basic operations and mpmath, and nothing that it judges: no exponential, logarithm or
sum of NumPy's.  mpmath is used through its functions on explicit precision, so no global precision
is read or set.
"""

from softaudit.reference.enclose import METHODS, Enclosed, enclose
from softaudit.reference.guard import check_processor
from softaudit.reference.long_row import LongRow
from softaudit.reference.settle import Answers, Figures, ShortRow, figures, judge

__all__ = [
    "METHODS",
    "Answers",
    "Enclosed",
    "Figures",
    "LongRow",
    "ShortRow",
    "check_processor",
    "enclose",
    "figures",
    "judge",
]
