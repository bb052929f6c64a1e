"""SciPy: `scipy.special.softmax`, `log_softmax` and `logsumexp` along the last axis.

They take every format.  logsumexp of bfloat16 and float8 comes back in float32 or float64, which
is rounded once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softaudit.implementations.model import CPU, Framework, Loaded

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAMEWORK = Framework(
    needs=("scipy",),
    formats=("float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"),
)


def load(device: str, threads: int | None) -> Loaded:  # noqa: ARG001 -- it knows neither
    """Import SciPy."""
    import scipy
    from scipy import special

    def call(function: str, x: NDArray[Any]) -> Any:
        return getattr(special, function)(x, axis=-1)

    return Loaded(scipy.__version__, CPU, call)
