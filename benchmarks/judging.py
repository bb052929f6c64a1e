"""The reference per logit, beside other ways to many digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from mpmath.libmp import BACKEND

from benchmarks.measuring import Line, make_logits, seconds
from softaudit import reference
from softaudit.audit import BLOCK
from softaudit.work import let_memory_be_kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from numpy.typing import NDArray

    from softaudit.model import Function

FUNCTIONS: tuple[Function, ...] = ("softmax", "log_softmax")
COLUMNS = 30522
ROWS = 64
ROWS_BY_MPMATH = 1
EXPONENTIALS = 20_000
QUAD = "numpy_quaddtype"


def lines(repeats: int) -> list[Line]:
    """Measure softmax and log_softmax together, and the bare exponentials of other libraries."""
    let_memory_be_kept()  # as every audit does
    ours = _per_logit(ROWS, "certified", repeats)
    mpmath = _per_logit(ROWS_BY_MPMATH, "mpmath", 1)
    both = "softmax and log_softmax with radii, per logit"
    return [
        Line("reference: certified", _ns(ours), "70 ns", f"{both}, {ROWS} × {COLUMNS} float64"),
        Line(
            "reference: mpmath",
            _ns(mpmath),
            "",
            f"{both}, {ROWS_BY_MPMATH} × {COLUMNS} float64, integers by {BACKEND}",
        ),
        *_others(ours),
    ]


def _ns(time: float) -> str:
    return f"{time:.0f} ns"


def _per_logit(rows: int, method: str, repeats: int) -> float:
    """Give nanoseconds per logit, in the blocks that an audit makes."""
    logits = make_logits(rows, COLUMNS).astype(np.float64)
    step = max(1, BLOCK // COLUMNS)
    blocks = [logits[start : start + step] for start in range(0, rows, step)]

    def enclose() -> None:
        for block in blocks:
            reference.enclose(block, 1.0, FUNCTIONS, method)

    return seconds(enclose, repeats) / logits.size * 1e9


def _others(ours: float) -> list[Line]:
    """Measure one exponential, to about as many digits, in each library that is installed."""
    arguments = -np.abs(make_logits(1, EXPONENTIALS)[0].astype(np.float64))
    found = []
    for name, module, prepare in (
        ("gmpy2 (MPFR), 128 bits", "gmpy2", _gmpy2),
        ("python-flint (Arb), 128 bits", "flint", _flint),
        ("numpy-quaddtype, 113 bits", QUAD, _quad),
    ):
        library = _imported(module)
        if library is None:
            found.append(Line(f"exp by {name}", "not installed"))
            continue
        time = seconds(prepare(library, arguments), 3) / EXPONENTIALS * 1e9
        detail = f"one exponential alone: {time / ours:.1f} × the reference's both functions"
        found.append(Line(f"exp by {name}", _ns(time), "", detail))
    return found


def _imported(name: str) -> ModuleType | None:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        return None


def _gmpy2(gmpy2: ModuleType, x: NDArray[np.float64]) -> Callable[[], object]:
    context = gmpy2.context(precision=128)
    numbers = [gmpy2.mpfr(v) for v in x.tolist()]
    return lambda: [context.exp(v) for v in numbers]


def _flint(flint: ModuleType, x: NDArray[np.float64]) -> Callable[[], object]:
    flint.ctx.prec = 128
    numbers = [flint.arb(v) for v in x.tolist()]
    return lambda: [v.exp() for v in numbers]


def _quad(quad: ModuleType, x: NDArray[np.float64]) -> Callable[[], object]:
    numbers = x.astype(quad.QuadPrecDType())
    return lambda: np.exp(numbers)
