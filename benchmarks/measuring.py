"""What every part of the benchmark shares: a line of the table, time, and some logits."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes
    ----------
    figure : str
        What is measured.
    value : str
        The measurement, with its unit; a ratio has none.
    limit : str
        What it shall be at most; empty where nothing is asked.
    detail : str
        What it was made from.
    is_ratio : bool
        Ratios are shown first.
    """

    figure: str
    value: str
    limit: str = ""
    detail: str = ""
    is_ratio: bool = False


def ratio(figure: str, value: float, limit: str, detail: str) -> Line:
    """Give a line that compares two measurements."""
    shown = f"{value:.2f} ×" if value >= 0.1 else f"1/{1 / value:.0f}"
    return Line(figure, shown, limit, detail, is_ratio=True)


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Give the median time of some runs."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return median(times)


def make_logits(rows: int, columns: int) -> NDArray[np.float32]:
    """Make normal logits of standard deviation 3, the same on every call."""
    generator = np.random.default_rng(20240607)
    return 3 * generator.standard_normal((rows, columns), dtype=np.float32)
