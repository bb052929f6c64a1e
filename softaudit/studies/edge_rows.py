"""Edge rows: what implementations disagree on, each made of a format's own parameters.

To add one: a function, a line in `EDGE_ROWS`, a test case.  A function gives a row for any format;
where it is not made of numbers of the format, it is not asked there.  Rows that have to be longer
than 2^24 to stall a float32 sum are left out: they say nothing that shorter ones do not say of
narrower formats, and take minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, nan
from typing import TYPE_CHECKING

import numpy as np

from softaudit.formats import round_to, ulp_at
from softaudit.studies.limits import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from softaudit.formats import Format

LN2 = log(2)


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """A row of logits that tells implementations apart.

    Attributes
    ----------
    name : str
    sentence : str
        What it is.
    disputed : str
        Who answers otherwise, or what goes wrong.
    make : callable
        Gives its logits for a format.
    """

    name: str
    sentence: str
    disputed: str
    make: Callable[[Format], Sequence[float] | NDArray[np.float64]]

    def logits(self, form: Format) -> NDArray[np.float64] | None:
        """Give the row in a format, shape (1, columns); None where the format does not hold it."""
        row = np.asarray(self.make(form), dtype=np.float64).reshape(1, -1)
        return row if np.array_equal(round_to(row, form), row, equal_nan=True) else None


def _nearest(values: Sequence[float], form: Format) -> NDArray[np.float64]:
    rounded: NDArray[np.float64] = round_to(np.array(values, dtype=np.float64), form)
    return rounded


def _always(*row: float) -> Callable[[Format], Sequence[float]]:
    """Give the same row in every format."""
    return lambda _: row


def _subnormal_logits(form: Format) -> Sequence[float]:
    return form.least_subnormal, form.least_normal - form.least_subnormal, 0.0


def _subnormal_result(form: Format) -> Sequence[float]:
    """Below a dominant logit: one in the middle of the subnormal results, in powers of two."""
    return 0.0, float(_nearest([(form.emin - (form.precision - 1) / 2) * LN2], form)[0])


def _least_result(form: Format) -> Sequence[float]:
    """Take the last logit whose exponential is not 0."""
    return 0.0, _last_nonzero(form)


def _vanishing_result(form: Format) -> Sequence[float]:
    """Take the first logit whose exponential is 0."""
    last = _last_nonzero(form)
    return 0.0, last - ulp_at(last, form)


def _last_nonzero(form: Format) -> float:
    return limits([form.name])[0].last_nonzero


def _low_logits(form: Format) -> NDArray[np.float64]:
    """Logits that all have exponentials of few bits; the largest result is about a half."""
    last = _last_nonzero(form)
    step = max(0.5, ulp_at(last, form))
    return last + step * np.arange(3.0)


def _exp_overflows(form: Format) -> Sequence[float]:
    last = limits([form.name])[0].last_finite
    over = last + ulp_at(last, form)
    return over, over, 0.0


def _sum_overflows(form: Format) -> Sequence[float]:
    last = limits([form.name])[0].last_finite
    return last, last, last


def _largest(form: Format) -> Sequence[float]:
    return (form.largest,) * 3


def _lowest(form: Format) -> Sequence[float]:
    return (-form.largest,) * 3


def _largest_beside_zero(form: Format) -> Sequence[float]:
    return 0.0, form.largest


def _lowest_as_mask(form: Format) -> Sequence[float]:
    return 0.0, -form.largest, 1.0


def _lowest_beside_large(form: Format) -> Sequence[float]:
    return form.largest / 2, -form.largest, form.largest / 2


def _finite_mask(mask: float) -> Callable[[Format], Sequence[float]]:
    """Give the scores of `partly-masked` with a finite mask, rounded where the format holds it."""

    def make(form: Format) -> Sequence[float]:
        near = float(_nearest([mask], form)[0])
        return 0.0, near if np.isfinite(near) else mask, 1.0

    return make


def _largest_and_lowest(form: Format) -> Sequence[float]:
    return form.largest, -form.largest


def _lowest_beside_mask(form: Format) -> Sequence[float]:
    return -inf, -form.largest, -form.largest


def _shifted(form: Format) -> Sequence[float]:
    """From the first number whose unit in the last place is 1."""
    c = 2.0 ** (form.precision - 1)
    return c, c + 1, c + 2


def _shifted_down(form: Format) -> Sequence[float]:
    c = 2.0 ** (form.precision - 1)
    return -c - 2, -c - 1, -c


def _dominant(form: Format) -> NDArray[np.float64]:
    """Give a top whose probability is about 1 − 2^−14, whatever the format's p."""
    row = np.zeros(4096)
    row[0] = _nearest([26 * LN2], form)[0]
    return row


def _log_halves(form: Format) -> NDArray[np.float64]:
    return _nearest([-LN2, -LN2], form)


EDGE_ROWS: dict[str, EdgeRow] = {
    row.name: row
    for row in (
        EdgeRow("all-masked", "nothing but −∞",
                "NaN from scipy, torch, jax, onnxruntime; 0 from torch's safe softmax",
                _always(-inf, -inf, -inf)),
        EdgeRow("partly-masked", "−∞ beside finite logits",
                "NaN where 0 is multiplied by −∞", _always(0.0, -inf, 1.0)),
        EdgeRow("one-infinity", "one +∞",
                "NaN, though the limit is one-hot (pytorch#6864)", _always(0.0, inf, 1.0)),
        EdgeRow("two-infinities", "+∞ twice",
                "∞ − ∞ and ∞ / ∞ are NaN, finite / ∞ is 0", _always(inf, 0.0, inf)),
        EdgeRow("both-infinities", "+∞ beside −∞",
                "∞ / ∞ is NaN, 0 / ∞ is 0", _always(inf, -inf)),
        EdgeRow("nan", "NaN between finite logits",
                "onnxruntime's float64 LogSoftmax answers 45.05 and 46.05 beside it",
                _always(0.0, nan, 1.0)),
        EdgeRow("nan-beside-mask", "NaN beside −∞",
                "a maximum that skips NaN is −∞", _always(nan, -inf)),
        EdgeRow("empty", "no logit at all",
                "a maximum of nothing is an error: scipy raises for softmax", _always()),
        EdgeRow("one-logit", "one finite logit",
                "exactly 1, and 0; naive: exp may overflow", _always(3.0)),
        EdgeRow("one-mask", "one logit, −∞", "as all-masked", _always(-inf)),
        EdgeRow("zeros", "+0 beside −0", "exactly one half each", _always(0.0, -0.0)),
        EdgeRow("negative-zero", "−0 alone", "exactly 1, and 0", _always(-0.0)),
        EdgeRow("subnormal-logits", "subnormal logits beside 0",
                "flushed by some; the answer is the same but for the last bits",
                _subnormal_logits),
        EdgeRow("subnormal-result", "a result amid the subnormal numbers",
                "0 where subnormal numbers are flushed, as by jax on a CPU", _subnormal_result),
        EdgeRow("least-result", "a result that is the least subnormal number",
                "0 where subnormal numbers are flushed, as by jax on a CPU", _least_result),
        EdgeRow("vanishing-result", "a result just below half the least subnormal number",
                "softmax is 0, whatever the algorithm; the logarithm of that 0 is −∞",
                _vanishing_result),
        EdgeRow("low-logits", "logits whose exponentials are subnormal",
                "naive loses what stable keeps", _low_logits),
        EdgeRow("exp-overflows", "the first logit whose exponential overflows, twice",
                "naive: ∞ / ∞ is NaN", _exp_overflows),
        EdgeRow("sum-overflows", "exponentials that are finite, whose sum is not",
                "naive: finite / ∞ is 0", _sum_overflows),
        EdgeRow("largest", "the format's largest number, all equal",
                "naive: ∞ / ∞ is NaN", _largest),
        EdgeRow("largest-and-zero", "0 beside the format's largest number",
                "naive: ∞ / ∞ is NaN", _largest_beside_zero),
        EdgeRow("lowest", "the format's lowest number, all equal",
                "naive: 0 / 0 is NaN", _lowest),
        EdgeRow("lowest-as-mask", "the format's lowest number as a mask",
                "x − m rounds to the lowest number itself: no −∞ comes of it",
                _lowest_as_mask),
        EdgeRow("lowest-and-large", "the format's lowest number beside half its largest",
                "x − m overflows to −∞, and must not become NaN",
                _lowest_beside_large),
        EdgeRow("mask-1e4", "scores beside a mask of −1e4, rounded to the format",
                "softmax is 0 there; log_softmax is near the mask, and not −∞",
                _finite_mask(-1e4)),
        EdgeRow("mask-1e9", "scores beside a mask of −1e9, rounded to the format",
                "the same; float16 does not hold it", _finite_mask(-1e9)),
        EdgeRow("both-extremes", "the format's largest number beside its lowest",
                "their difference is no number of the format", _largest_and_lowest),
        EdgeRow("lowest-and-mask", "masks of the lowest number, one of which a score made −∞",
                "taken for all masked (transformers#17306); logsumexp of onnxruntime answers −∞",
                _lowest_beside_mask),
        EdgeRow("equal-4096", "4096 equal logits",
                "a sequential float16 sum stalls at 2048, a bfloat16 one at 256 (candle#3727, "
                "executorch#20090)", lambda _: np.zeros(4096)),
        EdgeRow("equal-65536", "65536 equal logits",
                "a float16 sum overflows though every term is finite: jax, scipy, and torch in "
                "log_softmax and logsumexp",
                lambda _: np.zeros(65536)),
        EdgeRow("dominant", "one dominant logit in a row of 4096",
                "log Σ is near 0, of a sum that was rounded near 1", _dominant),
        EdgeRow("shifted", "c, c + 1, c + 2 with the first c whose last place is 1",
                "m + log Σ loses the logarithm (pytorch#38839, pytorch#11752)", _shifted),
        EdgeRow("shifted-down", "the same, negative",
                "m + log Σ loses the logarithm; naive: 0 / 0", _shifted_down),
        EdgeRow("shifted-1e8", "1e8 and up, in steps of 8",
                "log_softmax of big logits (pytorch#56340, mlx#4169)",
                _always(1e8, 1e8 + 8, 1e8 + 16)),
        EdgeRow("gap-30", "[30, 0]: the top's log_softmax is −9.4e-14",
                "0 nearly everywhere: the gradient of cross entropy vanishes (arXiv 2501.04697)",
                _always(30.0, 0.0)),
        EdgeRow("gap-40", "[40, 0]: the top's log_softmax is −4.2e-18",
                "0 nearly everywhere, also in float64 (scipy#19521, pytorch#113708)",
                _always(40.0, 0.0)),
        EdgeRow("gap-40-at-zero", "[0, −40]: logsumexp is 4.2e-18",
                "0 nearly everywhere, in scipy up to 1.14 (scipy#18295)", _always(0.0, -40.0)),
        EdgeRow("gap-104", "[0, −104]: softmax is 7e-46, and log_softmax −104",
                "the reference of onnx answered −∞ for LogSoftmax (onnx#8423)",
                _always(0.0, -104.0)),
        EdgeRow("log-halves", "log ½ twice, rounded: logsumexp is next to 0",
                "m and log Σ cancel: off nearly everywhere", _log_halves),
    )
}  # fmt: skip
"""All of them by name, in display order."""
