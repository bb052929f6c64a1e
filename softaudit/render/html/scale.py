"""The one scale of colors: which step an error is on."""

from __future__ import annotations

from bisect import bisect_left
from math import inf
from typing import TYPE_CHECKING

from softaudit.metrics import WORTH_TELLING
from softaudit.wording import NO_BREAK, ulps

if TYPE_CHECKING:
    from collections.abc import Sequence

UP_TO: Sequence[float] = (0.5, 1.0, WORTH_TELLING, 32.0, 1024.0, 2.0**15, 2.0**20, 2.0**1023)
"""The largest error, in ulp, of each step but the last, which is ∞."""

LABELS: Sequence[str] = ("½", "1", "4", "32", "1024", "3e4", "1e6", "more", "∞")
"""What the key of the page has below each step: up to so many ulp."""


def step(error: float | None) -> int | None:
    """Give the step of an error: 0 is correctly rounded, the last ∞; None where nothing counts."""
    if error is None:
        return None
    return len(UP_TO) if error == inf else min(bisect_left(UP_TO, error), len(UP_TO) - 1)


def words(error: float | None) -> str:
    """Give an error with its unit."""
    return f"{ulps(error)}{NO_BREAK}ULP"
