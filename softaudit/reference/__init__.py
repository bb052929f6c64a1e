"""The judge: proven enclosures of exact values, and what they decide.

It uses IEEE basic operations and mpmath, and nothing that it judges: no exponential, logarithm or
sum of NumPy's.  mpmath is used through its functions on explicit precision, so no global precision
is read or set.
"""

from softaudit.reference.enclose import METHODS, Enclosed, enclose
from softaudit.reference.guard import check_processor
from softaudit.reference.settle import Figures, figures, judge

__all__ = ["METHODS", "Enclosed", "Figures", "check_processor", "enclose", "figures", "judge"]
