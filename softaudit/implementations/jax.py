"""JAX on the CPU: `jax.nn.softmax`, `log_softmax` and `logsumexp` along the last axis.

They are called as they are, and not wrapped in `jax.jit`: fused by it, float32 and bfloat16 softmax
differ in the last place.  64-bit numbers are switched on, without which float64 would become
float32; results in the other formats are the same either way.  Of float8_e4m3fn softmax is NaN
throughout, as the format has no −∞ for its maximum to begin with: that is an answer.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from softaudit.implementations.model import CPU, Framework, Loaded

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAMEWORK = Framework(
    needs=("jax",),
    formats=("float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"),
    environment={"JAX_PLATFORMS": CPU, "JAX_ENABLE_X64": "1"},
)


def load(device: str, threads: int | None) -> Loaded:  # noqa: ARG001 -- the environment says both
    """Import JAX."""
    assert os.environ["JAX_ENABLE_X64"] == "1"
    import jax
    import jax.numpy as jnp

    def call(function: str, x: NDArray[Any]) -> Any:
        return getattr(jax.nn, function)(jnp.asarray(x), axis=-1)

    return Loaded(jax.__version__, CPU, call)
