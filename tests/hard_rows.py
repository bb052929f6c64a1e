"""Rows that have broken softmax, log_softmax, logsumexp, or tools that measure them."""

from __future__ import annotations

import numpy as np

LEAST_FLOAT32 = float(np.finfo(np.float32).min)
LEAST_FLOAT64 = float(np.finfo(np.float64).min)
INF = float("inf")
NAN = float("nan")
LOG_2 = float(np.log(2.0))


def dominant(gap: float) -> list[float]:
    """Give a row whose other class lies below the first."""
    return [gap, 0.0]


HARD_ROWS: dict[str, list[float]] = {
    "forty_above": [40.0, 0.0],
    "forty_below_twice": [0.0, -40.0, -40.0],
    "finfo_min_beside_zeros": [0.0, 0.0, LEAST_FLOAT32],
    "one_token_beside_float32_masks": [1.5] + [LEAST_FLOAT32] * 5,
    "one_token_beside_float64_masks": [-2.25] + [LEAST_FLOAT64] * 5,
    "two_tokens_beside_float32_masks": [1.5, 0.25] + [LEAST_FLOAT32] * 5,
    "one_finite_logit_among_masks": [-INF, -INF, 7.0, -INF],
    "zero_among_masks": [-INF, 0.0, -INF],
    "one_logit": [3.0],
    "one_logit_that_no_narrow_format_has": [0.1],
    "two_finite_among_masks": [-INF, 1.0, 1.25, -INF],
    "all_masked": [-INF, -INF, -INF],
    "one_positive_infinity": [0.0, INF, 1.0],
    "positive_infinity_and_mask": [-INF, INF],
    "a_nan": [0.0, NAN, 1.0],
    "a_nan_beside_infinities": [INF, NAN, -INF],
    "naive_beats_stable_no_more": [-95.0, -96.5, -97.25],
    "equal_logits": [2.5] * 7,
    "equal_logits_power_of_two": [-3.0] * 8,
    "two_maxima": [1.0, 1.0, -4.0],
    "four_maxima_and_a_speck": [0.0] * 4 + [-30.0],
    "eight_maxima_and_a_far_speck": [0.0] * 8 + [-800.0],
    "three_maxima_and_a_speck": [5.0] * 3 + [-35.0],
    "huge_float32": [1e38, -1e38],
    "huge_float32_tie": [1e38, 1e38],
    "huge_float64": [1e308, -1e308],
    "huge_float64_neighbours": [1e308, 1e308 - 2.0**970, 0.0],
    "widest_gap_of_all": [1.7976931348623157e308, LEAST_FLOAT64],
    "large_offset": [1e8, 1e8 + 1.0, 1e8 + 2.0],
    "largest_offset_of_float16": [60000.0, 60032.0, 59968.0],
    "beyond_float16": [70000.0, 1.0, 2.0],
    "mask_below_float16": [-70000.0, 1.0, 2.0],
    "only_masks_below_float16": [-70000.0, -80000.0],
    "minus_a_billion_masks": [0.5, -1e9, -1e9, 0.25],
    "around_e4m3fn_overflow": [464.0, 448.0, 0.0],
    "above_e4m3fn_overflow": [465.0, 448.0, 0.0],
    "logsumexp_nearly_zero": [-LOG_2, -LOG_2],
    "logsumexp_nearly_zero_of_three": [-2 * LOG_2, -LOG_2, -2 * LOG_2],
    "logsumexp_nearly_zero_of_a_tiny_one": [-1e-17, -39.14394658089878],
    "logsumexp_of_a_tiny_positive_one": [1e-300, -690.0],
    "zero_and_a_whisper": [0.0, -745.0],
    "zero_and_less_than_a_whisper": [0.0, -746.0],
    "subnormal_logits": [5e-324, -5e-324, 1e-310],
    "negative_zero": [-0.0, 0.0, -1.0],
    "powers_of_two": [LOG_2, 0.0, 2 * LOG_2, 3 * LOG_2],
    "quarter_and_three": [float(np.log(3.0)), 0.0],
    "descending": [float(-k) for k in range(25)],
    "spread": [0.1 * k * (-1) ** k for k in range(33)],
}
GAPS = (10, 11, 17, 30, 36, 37, 88, 89, 104, 126.5, 150, 300, 700, 708.5, 709.9)
BEYOND_FLOAT64 = (740, 744.5, 745.25, 750, 799, 800, 1400)
HARD_ROWS |= {f"dominant_by_{gap}": dominant(gap) for gap in (*GAPS, *BEYOND_FLOAT64)}
HARD_ROWS |= {
    f"around_half_the_least_{name}": [0.0, log_half, log_half - 0.01, log_half + 0.01, log_half - 1]
    for name, log_half in {
        "float16": -25 * LOG_2,
        "bfloat16": -134 * LOG_2,
        "float32": -150 * LOG_2,
        "float64": -1075 * LOG_2,
        "float8_e4m3fn": -10 * LOG_2,
        "float8_e5m2": -17 * LOG_2,
    }.items()
}
HARD_ROWS |= {
    f"around_the_least_normal_{name}": [0.0, log_least, log_least + 0.01, log_least - 0.01]
    for name, log_least in {
        "float16": -14 * LOG_2,
        "float32": -126 * LOG_2,
        "float64": -1022 * LOG_2,
        "float8_e4m3fn": -6 * LOG_2,
    }.items()
}


def by_length() -> list[np.ndarray]:
    """Give the same rows, those of one length in one array."""
    lengths = sorted({len(row) for row in HARD_ROWS.values()})
    return [np.array([r for r in HARD_ROWS.values() if len(r) == n]) for n in lengths]


def equal_logits_whose_sum_overflows_float16() -> np.ndarray:
    """Give 65,536 equal logits: every exponential is 1, and float16 ends at 65,504."""
    return np.zeros(65536, dtype=np.float16)
