"""From what came back to numbers of the format that was asked in, rounded once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.formats import FORMATS, round_to
from softaudit.sources.opening import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from softaudit.formats import Format

_SHOWN = 60
"""Characters of what was printed that a remark shows."""


def rounded_once(y: NDArray[Any], form: Format) -> tuple[NDArray[np.float64], bool]:
    """Round results to a format, to nearest, ties to even, in one step from what they are.

    Returns
    -------
    values : ndarray of float64
        Numbers of the format, in the shape of `y`.
    changed : bool
        Whether any of them is not what it was.

    Notes
    -----
    Integers and what is wider than float64 are first rounded to it to odd: toward zero, with the
    last bit set where that was not exact.  A number so rounded lies on the same side of every tie
    of a format of at most 51 bits (Boldo & Melquiond 2008, doi:10.1109/TC.2007.70819).  To
    float64 itself they are rounded directly.
    """
    # Signalling NaNs raise invalid in any conversion, and overflow is what rounding gives.
    with np.errstate(all="ignore"):
        if y.dtype == form.dtype:
            return y.astype(np.float64, copy=False), False
        long = y if y.dtype.name in FORMATS else y.astype(np.longdouble)
        direct = y.dtype.name in FORMATS or form.precision == FLOAT64.precision
        wide = long.astype(np.float64) if direct else to_odd(long)
        values = round_to(wide, form)
        same = (values == long) | (np.isnan(values) & np.isnan(wide))
    return values, not bool(same.all())


FLOAT64 = FORMATS["float64"]


def to_odd(long: NDArray[np.longdouble]) -> NDArray[np.float64]:
    """Round to float64 to odd, which loses nothing that a later rounding to fewer bits needs."""
    with np.errstate(all="ignore"):
        near = long.astype(np.float64)
        inexact = (near != long) & np.isfinite(long)
        toward_zero = np.where(np.abs(near) > np.abs(long), np.nextafter(near, 0.0), near)
        odd = (toward_zero.view(np.uint64) | np.uint64(1)).view(np.float64)
    found: NDArray[np.float64] = np.where(inexact, odd, near)
    return found


def remarks_of(
    head: Mapping[str, Any], dtype: np.dtype[Any], form: Format, *, changed: bool
) -> tuple[str, ...]:
    """Say what an implementation did beside answering.

    Parameters
    ----------
    head : mapping
        Of the answer: whether its input was written to, whether the result was masked, and
        whether it has a dtype of its own, which a Python list has not.
    dtype : dtype
        Of the result.
    changed : bool
        Whether rounding it to the format changed anything.
    """
    typed = head.get("typed") is not False
    kind = dtype.name if typed else "Python numbers"
    remarks = []
    if changed:
        remarks.append(f"returns {kind}, rounded once to {form.name}")
    elif typed and dtype != form.dtype:
        remarks.append(f"returns {kind}")
    if head.get("masked") is True:
        remarks.append("returns a masked array, whose mask is left out")
    if head.get("wrote") is True:
        remarks.append("writes to its input")
    return tuple(remarks)


def remark(what: str, printed: bytes) -> tuple[str, ...]:
    """Say what was printed, by its first line; nothing of nothing."""
    lines = printed.decode(errors="replace").strip().splitlines()
    if not lines:
        return ()
    more = "…" if len(lines) > 1 and len(lines[0]) < _SHOWN else ""
    return (f"{what}: '{printable(lines[0].rstrip(), _SHOWN)}{more}'",)


def without_ours(printed: bytes) -> str:
    """Give what a process wrote when it died, without the lines that are of our own frames."""
    lines = printed.decode(errors="replace").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_OURS))


_OURS = (f'  File "{Path(__file__).parent}', '  File "<string>"', "Extension modules: ")
