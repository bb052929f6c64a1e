"""Products of cases, of which the default run takes a part, and `-m exhaustive` the rest."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence


def diagonal(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    """Give all pairs; those off the diagonals, which meet every value of either, are exhaustive."""
    fewest = min(len(first), len(second))
    return [
        pytest.param(a, b, marks=pytest.mark.exhaustive if (i + j) % fewest else ())
        for (i, a), (j, b) in product(enumerate(first), enumerate(second))
    ]
