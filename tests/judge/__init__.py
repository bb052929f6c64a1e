"""A second judge, written from the definitions alone: it imports nothing of softaudit.

Exact values are Arb balls (python-flint) whose precision grows until rounding and unit are decided
and every error has thirteen digits; numbers of the formats are rounded as integers.  softaudit's
own judge uses mpmath and double-words, so that the two have no line and no library in common.

    Question(logits, function, form, temperature).judge(outputs)

gives the figures of one cell.  A value whose position no precision would show (softmax of a
dominant class below 1, say) is decided by the same theorem that makes it so: by
Lindemann–Weierstrass, softmax and logsumexp of rational logits are rational only where all finite
logits of the row are equal (for logsumexp: is only one).
"""

from __future__ import annotations

from .question import Question
from .rounding import FORMS, INF, Form, Size, nearest, round_ratio, round_rational, size_of
from .row import Row, precision

__all__ = [
    "FORMS",
    "INF",
    "Form",
    "Question",
    "Row",
    "Size",
    "nearest",
    "precision",
    "round_ratio",
    "round_rational",
    "size_of",
]
