"""Results that a narrower format has all of: saved wider than they were computed, by the looks.

Zeros, ones and halves are numbers of every format, so some results have to need every digit that
the narrower one has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from softaudit.formats import FORMATS, round_significand, round_to

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import Logits

MOST_ROWS = 64
MOST_ELEMENTS = 2**20
"""How much is looked at: rows, evenly spaced, and elements of them all together."""

_LEAST = 32
"""Different results that have to need all digits."""


def narrower_numbers(outputs: Logits, form: Format) -> tuple[str, ...]:
    """Remark on outputs of which every finite one looked at is a number of a narrower format.

    Parameters
    ----------
    outputs : Logits
    form : Format
        Of their dtype.

    Returns
    -------
    tuple of str
        One remark, to be read after their name, or none.
    """
    number = min(MOST_ROWS, MOST_ELEMENTS // outputs.columns, outputs.rows)
    chosen = np.arange(number, dtype=np.int64) * outputs.rows // max(number, 1)
    values = outputs.take(chosen)
    outputs.release()
    found = _format_of(values[np.isfinite(values)], form)
    if found is None:
        return ()
    looked = "" if number == outputs.rows else f" in the {number} rows looked at"
    named = f"name --format {found.name} if they were computed in it"
    return (f"has nothing but {found.name} numbers{looked} ({named})",)


def _format_of(values: NDArray[np.float64], form: Format) -> Format | None:
    """Give the narrowest format that has all of some numbers, if they need it."""
    narrower = (f for f in FORMATS.values() if f.precision > 4 and f.precision < form.precision)
    for one in sorted(narrower, key=lambda f: f.precision):
        if np.array_equal(round_to(values, one), values):
            less = replace(one, precision=one.precision - 1)
            full = np.unique(values[round_significand(values, less) != values])
            return one if full.size >= _LEAST else None
    return None


__all__ = ["narrower_numbers"]
