"""What a shell may complete: the names that options take, also in comma lists.

The names stand here once more, since the registries that they are keys of import NumPy, and a shell
waits for every completion; a test compares the two.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from softaudit.render import RENDERERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

VARIABLE = "_SOFTAUDIT_COMPLETE"
"""Set in the environment by a shell that asks for completions."""

_ALGORITHMS = (
    "naive", "stable", "reciprocal", "division-free", "online", "two-pass", "blockwise",
    "blockwise-fma", "log-of-softmax", "folded-shift", "log1p",
)  # fmt: skip
_IMPLEMENTATIONS = ("scipy", "torch", "jax", "onnxruntime")
_FORMATS = ("float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2")

CHOICES: dict[str, tuple[str, ...]] = {
    "function": ("softmax", "log_softmax", "logsumexp"),
    "format": _FORMATS,
    "algorithm": (*_ALGORITHMS, "all"),
    "implementation": _IMPLEMENTATIONS,
    "against": (*_ALGORITHMS, *_IMPLEMENTATIONS),
    "device": ("cpu", "cuda", "mps"),
    "compute": _FORMATS,
    "accumulate": _FORMATS,
    "order": ("pairwise", "sequential", "compensated", "numpy"),
    "subnormals": ("keep", "flush"),
    "elementary": ("numpy", "correct"),
    "reference": ("certified", "mpmath"),
    "columns": (
        "not-finite", "exp", "sum", "premature", "forced", "subnormal", "lost-mass", "spread",
        "mean", "p50", "p99", "p99.9", "max", "ratio-p99", "ratio-max", "relative", "correct",
        "row-sum", "cast", "floor", "excess", "argmax", "top-k", "kl", "variation", "log-p",
        "choice", "bound", "condition",
    ),
    "output-format": tuple(RENDERERS),
    "progress": ("auto", "always", "never"),
    "edge-row": (
        "all-masked", "partly-masked", "one-infinity", "two-infinities",
        "both-infinities", "nan", "nan-beside-mask", "empty", "one-logit", "one-mask",
        "zeros", "negative-zero", "subnormal-logits", "subnormal-result", "least-result",
        "vanishing-result", "low-logits", "exp-overflows", "sum-overflows", "largest",
        "largest-and-zero", "lowest", "lowest-as-mask", "lowest-and-large",
        "mask-1e4", "mask-1e9", "both-extremes",
        "lowest-and-mask", "equal-4096", "equal-65536", "dominant", "shifted",
        "shifted-down", "shifted-1e8", "gap-30", "gap-40", "gap-40-at-zero", "gap-104",
        "log-halves",
    ),
    "probe": ("shift", "permutation", "batch", "layout", "threads", "run"),
}  # fmt: skip
"""Names by the option that takes them."""


_RULES = ("overflow-forced", "mismatch", "requirement", "baseline")
"""Rule ids of SARIF that are no causes."""


def topics() -> tuple[str, ...]:
    """Give the names that explain takes; those of figures and causes stand in the schema."""
    from softaudit.schema import causes, figures, words

    options = ("function", "algorithm", "format", "order", "columns")
    listed = chain.from_iterable(CHOICES[option] for option in options)
    asked = (word.replace("_", "-") for word in words())
    found = dict.fromkeys(("schema", *listed, *causes(), *_RULES, *asked, *figures()))
    return tuple(name for name in found if name != "all")


def topic(incomplete: str) -> list[str]:
    """Complete a name that explain takes."""
    return one_of(topics())(incomplete)


def one(option: str) -> Callable[[str], list[str]] | None:
    """Give what completes an option that takes one name; None where there is no choice of names."""
    return one_of(CHOICES[option]) if option in CHOICES else None


def one_of(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Give what completes one of some names."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete


def several(option: str) -> Callable[[str], list[str]] | None:
    """Give what completes an option that takes comma lists of names, each once; see `one`."""
    return several_of(CHOICES[option]) if option in CHOICES else None


def several_of(names: Sequence[str]) -> Callable[[str], list[str]]:
    """Give what completes comma lists of some names, each once."""

    def complete(incomplete: str) -> list[str]:
        head, comma, last = incomplete.rpartition(",")
        left = [name for name in names if name not in head.split(",")]
        return [f"{head}{comma}{name}" for name in left if name.startswith(last)]

    return complete
