"""A whole audit, over plain NumPy that computes the same cells, and over mpmath as the judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import plain
from benchmarks.measuring import Line, make_logits, ratio, seconds
from softaudit.audit import audit
from softaudit.plan import make_plan
from softaudit.sources.array import from_array

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    from numpy.typing import NDArray

COLUMNS = 30522
ALL = ("float16", "bfloat16", "float32", "float64")
WIDE = ("float32", "float64")
ROWS_BY_MPMATH = 1


def lines(rows: int, repeats: int) -> list[Line]:
    """Measure audits of 20 and 10 cells on rows × 30522 float32 logits, by one process and two."""
    found = []
    for formats, limit in ((ALL, "1.5 ×"), (WIDE, "4 ×")):
        cells = len(formats) * len(plain.CELLS)
        title = f"audit of {cells} cells over NumPy"
        ours = _audit(rows, formats, repeats)
        numpy = _plain(rows, formats, repeats, plain.whole)
        blocked = _plain(rows, formats, repeats, plain.in_blocks)
        size = f"per logit, {rows} × {COLUMNS}"
        found.append(ratio(title, ours / numpy, limit, f"{_ns(ours)} over {_ns(numpy)} {size}"))
        detail = f"{_ns(ours)} over {_ns(blocked)} {size}"
        found.append(ratio(f"{title} in blocks", ours / blocked, "", detail))
        if formats == ALL:
            two = _audit(rows, formats, repeats, jobs=2)
            detail = f"{_ns(two)} over {_ns(numpy)} {size}"
            found.append(ratio("the same by two processes", two / numpy, "0.85 ×", detail))
            mpmath = _audit(ROWS_BY_MPMATH, formats, 1, "mpmath")
            detail = f"{_ns(ours)} over {_ns(mpmath)} per logit"
            found.append(ratio("audit over the same by mpmath", ours / mpmath, "1/100", detail))
    return found


def _ns(time: float) -> str:
    return f"{time * 1e9:.0f} ns"


def _audit(
    rows: int, formats: tuple[str, ...], repeats: int, method: str = "certified", jobs: int = 1
) -> float:
    """Give seconds per logit."""
    logits = from_array(make_logits(rows, COLUMNS))
    functions = tuple(dict.fromkeys(function for function, _ in plain.CELLS))
    algorithms = tuple(dict.fromkeys(algorithm for _, algorithm in plain.CELLS))
    options = {"function": functions, "format": formats, "algorithm": algorithms}
    plan = make_plan(options, reference=method, worst=5)
    return seconds(lambda: audit(logits, plan, jobs=jobs), repeats) / (rows * COLUMNS)


def _plain(
    rows: int,
    formats: tuple[str, ...],
    repeats: int,
    way: Callable[[NDArray[np.float32], Iterable[str]], None],
) -> float:
    """Give seconds per logit."""
    logits = make_logits(rows, COLUMNS)
    return seconds(lambda: way(logits, formats), repeats) / (rows * COLUMNS)
