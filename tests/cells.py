"""One cell by its name, and the definition of ulp in mpmath: what many tests begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpmath import mp, mpf

import softaudit

if TYPE_CHECKING:
    from softaudit.model import Cell

PRECISION_AND_EMIN = {
    "float16": (11, -14),
    "bfloat16": (8, -126),
    "float32": (24, -126),
    "float64": (53, -1022),
    "float8_e4m3fn": (4, -6),
    "float8_e5m2": (3, -14),
}


def cell_of(logits, name: str, **options) -> Cell:
    """Audit the one cell of a name: `function/format[:compute[:accumulate[:order]]]/algorithm`."""
    function, arithmetic, algorithm = name.split("/")
    form, *rest = arithmetic.split(":")
    parts = dict(zip(("compute", "accumulate", "order"), rest, strict=False))
    named = {key: [value] for key, value in parts.items()}
    found = softaudit.audit(
        logits, function=[function], format=[form], algorithm=[algorithm], **named, **options
    )
    (cell,) = found.cells
    assert cell.key.name == name
    return cell


def ulp(y, form: str):
    """Give 2^(max(⌊log2|y|⌋, emin) − p + 1) of a real number."""
    precision, emin = PRECISION_AND_EMIN[form]
    with mp.workprec(400):
        binade = emin if y == 0 else max(int(mp.floor(mp.log(abs(mpf(y)), 2))), emin)
        return mpf(2) ** (binade - precision + 1)


def error_ulp(value: float, y, form: str) -> float:
    """Give |v − y| / ulp(y)."""
    with mp.workprec(400):
        return float(abs(mpf(value) - y) / ulp(y, form))


def exact(function: str, row: list[float], temperature: float = 1.0) -> list:
    """Give the function of a row of numbers, to 400 bits; a list of one for logsumexp."""
    with mp.workprec(400):
        x = [mpf(v) / mpf(temperature) for v in row]
        total = mp.fsum(mp.exp(v) for v in x)
        if function == "logsumexp":
            return [mp.log(total)]
        if function == "softmax":
            return [mp.exp(v) / total for v in x]
        # log(1 + others) for a dominant class keeps its digits, as log of the ratio does not.
        return [-mp.log1p(mp.fsum(mp.exp(w - v) for w in without(x, j))) for j, v in enumerate(x)]


def without(row: list, j: int) -> list:
    """Give a row without one of its places."""
    return row[:j] + row[j + 1 :]
