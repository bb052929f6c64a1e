"""Products of cases, of which the default run takes a part, and `-m exhaustive` the rest."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence


def diagonals(first: Sequence[Any], second: Sequence[Any], apart: int | None = None) -> list[Any]:
    """Give all pairs; those off the diagonals are exhaustive.

    Diagonals meet every value of either list, unless they are farther apart than the shorter one
    is long: by default just so far.
    """
    apart = apart or min(len(first), len(second))
    return [
        pytest.param(
            a,
            b,
            marks=pytest.mark.exhaustive if (i + j) % apart else (),
            id=f"{_named(a)}-{_named(b)}",
        )
        for (i, a), (j, b) in product(enumerate(first), enumerate(second))
    ]


def _named(case: Any) -> str:
    return "-".join(map(str, case)) if isinstance(case, tuple) else str(case)
