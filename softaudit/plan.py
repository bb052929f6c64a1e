"""From options to a plan: which cells to compute."""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, cast

from softaudit.algorithms import ALGORITHMS
from softaudit.arithmetic import ELEMENTARY, ORDERS
from softaudit.errors import OptionError
from softaudit.formats import FORMATS
from softaudit.model import Arithmetic, CellKey, Function, Plan, SkippedCell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DEFAULT_FORMATS = ("float16", "bfloat16", "float32", "float64")
DEFAULT_FUNCTIONS = ("softmax", "log_softmax")
PAIRWISE = "pairwise"
NUMPY = "numpy"
ON_GPUS = ("float16", "bfloat16")
"""Formats for which the stable algorithms also run in float32, as GPUs do."""


def make_key(
    function: str,
    form: str,
    algorithm: str,
    compute: str | None = None,
    accumulate: str | None = None,
    order: str = PAIRWISE,
    elementary: str = NUMPY,
) -> CellKey:
    """Name one cell by its parts; compute defaults to the format, accumulate to compute.

    `elementary` says whose exp and log wide formats use.

    Raises
    ------
    OptionError
        For an unknown name, or a compute format that does not hold the storage format.
    """
    storage = FORMATS[known(form, FORMATS, "format")]
    steps = FORMATS[known(compute or form, FORMATS, "compute format")]
    sums = FORMATS[known(accumulate or compute or form, FORMATS, "accumulator format")]
    known(function, ALGORITHMS, "function")
    known(algorithm, ALGORITHMS[function], f"algorithm of {function}")
    known(order, ORDERS, "summation order")
    known(elementary, ELEMENTARY, "elementary functions")
    if not steps.holds(storage):
        raise OptionError(
            f"compute format {steps.name} does not hold every {storage.name}: "
            f"name one that is at least as wide"
        )
    arithmetic = Arithmetic(storage, steps, sums, order, elementary)
    return CellKey(cast("Function", function), arithmetic, algorithm)


def known(name: str, choices: Iterable[str], what: str) -> str:
    """Check a name against its choices, and suggest the nearest."""
    names = list(choices)
    if name in names:
        return name
    by_case = {other.lower(): other for other in names}
    near = [by_case[other] for other in get_close_matches(name.lower(), by_case, n=1)]
    some = ", ".join(names[:MOST_NAMES]) + (" and more" if len(names) > MOST_NAMES else "")
    hint = f"did you mean {near[0]}?" if near else f"choose from {some}"
    raise OptionError(f"unknown {what} {name!r}: {hint}")


MOST_NAMES = 20
"""How many names a message lists."""


def make_plan(options: Mapping[str, Sequence[str]], **rest: Any) -> Plan:
    """Make a plan from what is named: nothing gives the default cells, anything the product.

    Parameters
    ----------
    options : mapping
        Names under function, format, algorithm, compute, accumulate, order; absent or empty
        where none is given.
    **rest
        The plan's other attributes; among them elementary, which holds for all cells.

    Raises
    ------
    OptionError
        For an unknown name, if no cell is left, or for a temperature that is no positive number.
    """
    check_temperature(rest.get("temperature", 1.0))
    if rest.get("worst", 0) < 0:
        raise OptionError(f"worst {rest['worst']}: must be 0 or more")
    elementary = rest.get("elementary", NUMPY)
    named = {name: tuple(options.get(name, ())) for name in OPTIONS}
    if not any(named.values()):
        return Plan(default_keys(elementary), **rest)
    keys, skipped = product_keys(*named.values(), elementary=elementary)
    return Plan(keys, skipped=skipped, **rest)


OPTIONS = ("function", "format", "algorithm", "compute", "accumulate", "order")
"""What makes the product, in the order of `product_keys`."""


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that is not a positive finite number."""
    if not 0 < temperature < float("inf"):
        raise OptionError(f"temperature {temperature:g}: must be a positive finite number")


def default_keys(elementary: str = NUMPY) -> tuple[CellKey, ...]:
    """Give the 24 default cells: every algorithm in four formats, and what GPUs do besides."""
    keys = []
    named = partial(make_key, elementary=elementary)
    for function, form in product(DEFAULT_FUNCTIONS, DEFAULT_FORMATS):
        keys += [named(function, form, algorithm) for algorithm in ALGORITHMS[function]]
        if form in ON_GPUS:
            keys.append(named(function, form, "stable", "float32"))
    return tuple(keys)


def product_keys(
    functions: Sequence[str] = (),
    formats: Sequence[str] = (),
    algorithms: Sequence[str] = (),
    computes: Sequence[str] = (),
    accumulates: Sequence[str] = (),
    orders: Sequence[str] = (),
    *,
    elementary: str = NUMPY,
) -> tuple[tuple[CellKey, ...], tuple[SkippedCell, ...]]:
    """Give the plain product of what is named; what is not named takes its default.

    `elementary` makes no product: all cells have the same.

    Returns
    -------
    keys : tuple of CellKey
        In display order, each once.
    skipped : tuple of SkippedCell
        Combinations that do not exist, with the reason.

    Raises
    ------
    OptionError
        For an unknown name, or if no cell is left.
    """
    for algorithm in algorithms:
        known(algorithm, dict.fromkeys(a for of in ALGORITHMS.values() for a in of), "algorithm")
    keys: dict[CellKey, None] = {}
    skipped: list[SkippedCell] = []
    for function in functions or DEFAULT_FUNCTIONS:
        known(function, ALGORITHMS, "function")
        chosen = [a for a in ALGORITHMS[function] if a in algorithms or not algorithms]
        steps = product(computes or ("",), accumulates or ("",), orders or (PAIRWISE,))
        arithmetics = product(formats or DEFAULT_FORMATS, steps)
        for (form, (compute, sums, order)), algorithm in product(arithmetics, chosen):
            try:
                names = function, form, algorithm, compute or None, sums or None, order
                keys[make_key(*names, elementary)] = None
            except OptionError as error:
                if not _wide_enough_elsewhere(form, compute):
                    raise
                skipped.append(SkippedCell(f"{function}/{form}:{compute}/{algorithm}", str(error)))
    if not keys:
        reason = skipped[0].reason if skipped else "no algorithm of that name has that function"
        raise OptionError(f"no cell is left to compute: {reason}")
    return tuple(keys), tuple(skipped)


def _wide_enough_elsewhere(form: str, compute: str) -> bool:
    return form in FORMATS and compute in FORMATS and not FORMATS[compute].holds(FORMATS[form])
