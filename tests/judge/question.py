"""One function asked of logits in one format, and the figures of whoever answers it."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

import flint
import ml_dtypes  # noqa: F401  NumPy then knows the narrow dtypes by name
import numpy as np

from .decide import PRECISIONS, decide
from .errors import NOT_FINITE, Errors, decimal, is_sharp, measure, measure_rational, to_float
from .figures import (
    Element,
    cast_figures,
    count_of,
    error_figures,
    origin_figures,
    row_sum_defect,
)
from .norms import condition_number, norms
from .quality import Quality, quality_figures, row_quality
from .rounding import FORMS, INF, Rounded, round_array, round_rational
from .row import Row, precision


def _kind(x: np.ndarray, rounded: np.ndarray, function: str) -> str:
    """Say what becomes of a row: the logits as read are asked first, then what rounding did."""
    if np.isnan(x).any():
        return "nan"
    if function != "logsumexp":
        if (x == INF).any():
            return "positive_infinity"
        if (x == -INF).all():
            return "all_masked"
    bad = np.isnan(rounded) | ((rounded == INF) & (x != INF))
    none_left = np.isfinite(x).any() and not np.isfinite(rounded).any()
    return "lost_to_cast" if bad.any() or none_left else "audited"


class Question:
    """One function asked of logits in one storage format.

    Parameters
    ----------
    logits : array_like, shape (..., columns)
        Any float dtype.
    function : str
        softmax, log_softmax or logsumexp.
    form : str
        A key of `FORMS`.
    temperature : float
    saturate : bool
        Whether what is beyond the format's largest number is rounded to it.
    """

    def __init__(
        self, logits, function: str, form: str, temperature: float = 1.0, *, saturate: bool = False
    ) -> None:
        x = np.asarray(logits)
        self.function = function
        self.form = FORMS[form]
        self.shape = x.shape[:-1] if function == "logsumexp" else x.shape
        self.given = x.shape
        self.x = x.astype(np.float64).reshape(-1, x.shape[-1])
        cast = self.form._replace(overflow=self.form.largest) if saturate else self.form
        self.rounded = round_array(self.x, cast)
        self.original_temperature = float(temperature)
        self.temperature = round_rational(float(temperature), cast)
        pairs = zip(self.x, self.rounded, strict=True)
        self.kinds = [_kind(x, rounded, function) for x, rounded in pairs]
        self._decided: dict[tuple[int, float], Rounded] = {}
        self._casts: dict[tuple[int, float, float], float | None] = {}
        self._kept: dict[int, bool] = {}
        self._errors: dict[tuple[int, float, float], Errors] = {}
        self._qualities: dict[tuple[int, tuple[float, ...]], Quality] = {}

    @cached_property
    def rows(self) -> list[Row | None]:
        """One exact row for each that is audited and has a finite logit."""
        return [self._row(x, self.temperature) for x in self.rounded]

    @cached_property
    def originals(self) -> list[Row | None]:
        """The same on the logits as read."""
        return [self._row(x, self.original_temperature) for x in self.x]

    def _row(self, x: np.ndarray, temperature: float) -> Row | None:
        usable = np.isfinite(x).any() and not np.isnan(x).any() and not (x == INF).any()
        return Row(x, temperature) if usable else None

    def correctly_rounded(self) -> np.ndarray:
        """Give round(y) everywhere; NaN in rows without an answer."""
        values = [self._rounded_row(i) for i in range(len(self.x))]
        return np.array(values, dtype=np.float64).reshape(self.shape)

    def _rounded_row(self, i: int) -> list[float]:
        places = self._places(i)
        if self.kinds[i] not in ("audited", "lost_to_cast"):
            return [math.nan] * len(places)
        if np.isnan(self.rounded[i]).any():
            return [math.nan] * len(places)
        if self.function != "logsumexp" and self.rows[i] is None:
            return [math.nan] * len(places)
        return [self._decide(i, hat)[1].value for _, hat in places]

    def _places(self, i: int) -> list[tuple[float, float]]:
        """Give (x, x̂) of every value that the function has on a row."""
        if self.function == "logsumexp":
            return [(float(self.x[i].max()), float(self.rounded[i].max()))]
        return list(zip(self.x[i].tolist(), self.rounded[i].tolist(), strict=True))

    def answer(self, i: int, hat: float) -> tuple[float, float]:
        """Give y, or 1 for any real but 0, and round(y)."""
        y, found = self._decide(i, hat)
        return y, found.value

    def _decide(self, i: int, hat: float) -> tuple[float, Rounded]:
        """Give a stand-in for y (0, ±∞, or 1 for other reals), round(y) and the unit."""
        if not math.isfinite(hat):
            y = 0.0 if self.function == "softmax" else hat
            return y, Rounded(math.copysign(self.form.overflow, y) if y else y, self.least)
        if (i, hat) not in self._decided:
            self._decided[i, hat] = decide(self.rows[i], self.function, hat, self.form)
        return float(self.rows[i].rational(self.function) != 0), self._decided[i, hat]

    @property
    def least(self) -> int:
        return self.form.least_exponent

    def judge(self, outputs) -> dict:
        """Give the figures of a cell that returned these outputs."""
        v = np.asarray(outputs).astype(np.float64).reshape(len(self.x), -1)
        audited = [i for i, kind in enumerate(self.kinds) if kind == "audited"]
        rows = [self._elements(i, v[i].tolist()) for i in audited]
        elements = [e for row in rows for e in row]
        return {
            "elements": sum(e.count for e in elements),
            "rows": self._row_counts(),
            "overflow": {**self._cast_counts, **self._overflow(elements)},
            "underflow": {**self._underflow(elements), "lost_mass": self._lost_mass(audited, v)},
            "out_of_range": self._out_of_range(elements),
            **error_figures(elements),
            "correctly_rounded": count_of(elements, lambda e: e.v == e.rounded),
            "cast_error": cast_figures(elements),
            "origin": origin_figures(elements),
            "row_sum": self._row_sum(v[audited]),
            "condition": self._condition,
            "quality": self._quality(audited, v),
            "largest": max((abs(e.v) for e in elements if math.isfinite(e.v)), default=0.0),
        }

    def condition(self, i: int) -> float | None:
        """Give a row's condition number; None where logsumexp is infinite."""
        return None if self.rows[i] is None else condition_number(self.rows[i], self.function)

    @cached_property
    def _condition(self) -> float | None:
        audited = [i for i, kind in enumerate(self.kinds) if kind == "audited"]
        found = [k for i in audited if (k := self.condition(i)) is not None]
        return max(found, default=None)

    def norms(self, outputs) -> list[tuple[Row, float, float]]:
        """Give each audited row with a finite logit, max |v − y| and max |y|."""
        v = np.asarray(outputs).astype(np.float64).reshape(len(self.x), -1).tolist()
        return [
            (row, *norms(row, self.function, [hat for _, hat in self._places(i)], v[i]))
            for i, row in enumerate(self.rows)
            if self.kinds[i] == "audited" and row is not None
        ]

    def worst(self, index: tuple[int, ...], computed: float) -> tuple[Errors, Decimal | None]:
        """Give the errors of one result that counts, and the exact value to 60 digits."""
        if self.function == "logsumexp":
            index = (*index, int(np.argmax(self.rounded.reshape(*self.shape, -1)[index])))
        i, j = np.unravel_index(np.ravel_multi_index(index, self.given), self.x.shape)
        hat = float(self.rounded[i, j])
        if not math.isfinite(hat):
            return self._measure_mask(computed), Decimal(0)
        unit = self._decide(int(i), hat)[1].unit
        row = self.rows[i]
        return self._measure(int(i), hat, computed, unit), decimal(row, self.function, hat)

    def _elements(self, i: int, v: list[float]) -> list[Element]:
        triples: dict[tuple[float, float, float | None], int] = {}
        for (x, hat), value in zip(self._places(i), v, strict=True):
            key = x, hat, None if math.isnan(value) else value
            triples[key] = triples.get(key, 0) + 1
        return [
            self._element(i, x, hat, math.nan if v is None else v, count)
            for (x, hat, v), count in triples.items()
        ]

    def _element(self, i: int, x: float, hat: float, v: float, count: int) -> Element:
        y, (rounded, unit) = self._decide(i, hat)
        errors = floor = None
        if math.isfinite(y) and math.isfinite(rounded):
            on_row = math.isfinite(hat)
            errors = self._measure(i, hat, v, unit) if on_row else None
            errors = errors or self._measure_mask(v)
            floor = self._floor(i, hat, rounded, unit) if on_row else 0.0
        return Element(v, y, rounded, errors, self._cast_error(i, x, hat), count, floor)

    def _measure(self, i: int, hat: float, v: float, unit: int) -> Errors:
        """Measure a result once: most algorithms agree on most."""
        if (i, hat, v) not in self._errors:
            self._errors[i, hat, v] = measure(self.rows[i], self.function, hat, v, unit)
        return self._errors[i, hat, v]

    def _floor(self, i: int, hat: float, rounded: float, unit: int) -> float:
        """Give the error in ulp of the correctly rounded result."""
        return self._measure(i, hat, rounded, unit).ulp

    def _quality(self, audited: list[int], v: np.ndarray) -> dict | None:
        if self.function == "logsumexp":
            return None
        found = [self._row_quality(i, tuple(v[i].tolist())) for i in audited]
        return quality_figures(found, is_softmax=self.function == "softmax")

    def _row_quality(self, i: int, v: tuple[float, ...]) -> Quality:
        if (i, v) not in self._qualities:
            x = self.rounded[i].tolist()
            self._qualities[i, v] = row_quality(self.rows[i], self.function, x, list(v))
        return self._qualities[i, v]

    def _measure_mask(self, v: float) -> Errors:
        """Measure a softmax whose exact value is 0."""
        return measure_rational(Fraction(0), v, self.least) if math.isfinite(v) else NOT_FINITE

    def _cast_error(self, i: int, x: float, hat: float) -> float | None:
        """Give |exact(x̂, T̂) − exact(x, T)| in ulp of the latter, where both are real."""
        if (i, x, hat) not in self._casts:
            self._casts[i, x, hat] = self._new_cast_error(i, x, hat)
        return self._casts[i, x, hat]

    def _new_cast_error(self, i: int, x: float, hat: float) -> float | None:
        before, after = self.originals[i], self.rows[i]
        if not math.isfinite(x):
            return 0.0 if self.function == "softmax" else None
        if not math.isfinite(hat) and self.function != "softmax":
            return None
        unit = decide(before, self.function, x, self.form).unit
        if self._same(i):
            return 0.0
        for bits in PRECISIONS:
            y = before.ball(self.function, x, bits)
            moved = after.ball(self.function, hat, bits) if math.isfinite(hat) else flint.arb(0)
            with precision(bits):
                distance = abs(moved - y)
            if is_sharp(distance):
                break
        return to_float(distance.mid(), unit)

    def _same(self, i: int) -> bool:
        """Whether rounding left the row's answer as it was."""
        if i not in self._kept:
            answers = {row.rational(self.function) for row in (self.originals[i], self.rows[i])}
            same = self.temperature == self.original_temperature
            same = same and np.array_equal(self.x[i], self.rounded[i])
            self._kept[i] = same or (len(answers) == 1 and None not in answers)
        return self._kept[i]

    def _row_counts(self) -> dict[str, int]:
        names = ("audited", "nan", "positive_infinity", "all_masked", "lost_to_cast")
        return {name: self.kinds.count(name) for name in names}

    @cached_property
    def _cast_counts(self) -> dict[str, int]:
        good = np.isin(self.kinds, ("audited", "lost_to_cast"))[:, None]
        over = good & np.isfinite(self.x) & ~np.isfinite(self.rounded)
        saturated = good & np.isfinite(self.rounded) & ~np.isfinite(round_array(self.x, self.form))
        return {
            "cast": int(over.sum()),
            "cast_to_mask": int((over & (self.rounded == -INF)).sum()),
            "saturated": int(saturated.sum()),
        }

    def _overflow(self, elements: list[Element]) -> dict[str, int]:
        """Give the counts that results alone tell.

        Of a logarithm's −∞ only the steps say whether they count as `result`, `premature` or
        `zeroed`: `vanished` is what the three make together, less the rest of `result`.
        """
        logarithm = self.function != "softmax"
        return {
            "result": count_of(
                elements,
                lambda e: (
                    math.isnan(e.v)
                    or (e.counted and math.isinf(e.v) and not (logarithm and e.v < 0))
                ),
            ),
            "vanished": count_of(elements, lambda e: logarithm and e.counted and e.v == -INF),
            "nan": count_of(elements, lambda e: math.isnan(e.v)),
            "forced": count_of(elements, lambda e: math.isfinite(e.y) and not e.counted),
            "mismatch": count_of(elements, lambda e: math.isinf(e.y) and e.v != e.y),
        }

    def _underflow(self, elements: list[Element]) -> dict[str, int]:
        real_and_lost = [e for e in elements if math.isfinite(e.y) and e.y != 0 and e.v == 0]
        premature = None
        if self.function == "softmax":
            premature = count_of(real_and_lost, lambda e: e.rounded != 0)
        return {
            "forced": count_of(real_and_lost, lambda e: e.rounded == 0),
            "premature": premature,
            "subnormal": count_of(elements, lambda e: 0 < abs(e.v) < self.form.least_normal),
        }

    def _out_of_range(self, elements: list[Element]) -> int | None:
        if self.function == "logsumexp":
            return None
        if self.function == "softmax":
            return count_of(elements, lambda e: e.v < 0 or e.v > 1)
        return count_of(elements, lambda e: e.v > 0)

    def _lost_mass(self, audited: list[int], v: np.ndarray) -> float | None:
        if self.function != "softmax" or not audited:
            return None
        return max(self._lost_in_row(i, v[i].tolist()) for i in audited)

    def _lost_in_row(self, i: int, v: list[float]) -> float:
        lost = [x for x, value in zip(self.rounded[i].tolist(), v, strict=True) if value == 0]
        with precision(128):
            mass = flint.arb(0)
            for x in lost:
                if math.isfinite(x):
                    mass += self.rows[i].ball("softmax", x, 128)
            return to_float(mass.mid())

    def _row_sum(self, v: np.ndarray) -> dict[str, float] | None:
        if self.function != "softmax" or len(v) == 0:
            return None
        return {"max_defect": max(row_sum_defect(row) for row in v.tolist())}
