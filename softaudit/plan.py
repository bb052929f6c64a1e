"""From options to a plan: which cells to compute."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from softaudit.algorithms import ALGORITHM_NAMES, ALGORITHMS, BLOCKWISE
from softaudit.errors import OptionError
from softaudit.keys import KEEP, NUMPY, PAIRWISE, NoSuchCell, given_key, known, make_key
from softaudit.model import CellKey, Plan, SkippedCell, arithmetic_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from softaudit.implementations import Implementation

DEFAULT_FORMATS = ("float16", "bfloat16", "float32", "float64")
DEFAULT_FUNCTIONS = ("softmax", "log_softmax")
DEFAULT_ALGORITHMS = ("naive", "log-of-softmax", "stable")
ALL = "all"
ON_GPUS = ("float16", "bfloat16")
"""Formats for which the stable algorithms also run in float32, as GPUs do."""


def make_plan(
    options: Mapping[str, Sequence[str]],
    *,
    saturate: bool = False,
    block_sizes: Sequence[int] = (),
    implementations: Sequence[Implementation] = (),
    against: str | Implementation | None = None,
    **rest: Any,
) -> Plan:
    """Make a plan from what is named: nothing gives the default cells, anything the product.

    Parameters
    ----------
    options : mapping
        Names under `OPTIONS`; absent or empty where none is given.
    saturate : bool
        Whether float8 formats saturate, in all cells.
    block_sizes : sequence of int
        Of the blockwise algorithms.
    implementations : sequence of Implementation
        Somebody else's code, in place of the default algorithms or beside those that are named.
    against : str or Implementation, optional
        Who is to have every function in every format that the others have: an algorithm of ours,
        or somebody else's code.
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
    named = {name: tuple(options.get(name, ())) for name in OPTIONS}
    same = {"saturate": saturate, "elementary": rest.get("elementary", NUMPY)}
    keys: tuple[CellKey, ...] = ()
    skipped: tuple[SkippedCell, ...] = ()
    if implementations and not named["algorithm"]:
        _check_unasked(named, block_sizes)
    else:
        keys, skipped = _keys_of_ours(named, block_sizes, **same)
    others, unknown = _keys_of(implementations, named, **same)
    keys, skipped = _in_order((*keys, *others)), (*skipped, *unknown)
    if not keys:
        raise _none_left(skipped, "the implementation takes no default format")
    if against is not None:
        trusted, lacking = _keys_of_trusted(keys, against, **same)
        keys, skipped = _in_order((*keys, *trusted)), (*skipped, *lacking)
    return Plan(keys, skipped=skipped, **rest)


def _none_left(skipped: Sequence[SkippedCell], otherwise: str) -> OptionError:
    """Say why no cell is left: why the first of them does not exist, or else what it must be."""
    reason = skipped[0].reason if skipped else otherwise
    return OptionError(f"no cell is left to compute: {reason}")


def _keys_of_ours(
    named: Mapping[str, Sequence[str]], block_sizes: Sequence[int], **same: Any
) -> tuple[tuple[CellKey, ...], tuple[SkippedCell, ...]]:
    """Give the cells of algorithms, and those that are asked for and do not exist."""
    if any(named.values()) or same["saturate"] or block_sizes:
        return product_keys(named, block_sizes, **same)
    return default_keys(same["elementary"]), ()


def _check_unasked(named: Mapping[str, Sequence[str]], block_sizes: Sequence[int]) -> None:
    """Refuse what says how algorithms compute, where none is named."""
    asked = [name for name in OPTIONS[3:] if named[name]] + ["block-size"] * bool(block_sizes)
    if asked:
        raise OptionError(
            f"--{asked[0]} is for algorithms, and an implementation computes as it does: drop it, "
            f"or name an --algorithm beside"
        )


def _keys_of(
    implementations: Sequence[Implementation], named: Mapping[str, Sequence[str]], **same: Any
) -> tuple[list[CellKey], list[SkippedCell]]:
    """Give the cells of implementations, and those that are asked for and that they do not take."""
    keys, skipped = [], []
    functions, formats = named["function"], named["format"]
    for function, form in product(functions or ALGORITHMS, formats or DEFAULT_FORMATS):
        for one in implementations:
            if function not in (functions or one.usual):
                continue
            key = given_key(function, form, one.name, **same)
            if one.takes(function, form):
                keys.append(key)
            elif (functions and function not in one.functions) or (
                formats and form not in one.formats
            ):
                skipped.append(_not_taken(key, one))
    return keys, skipped


def _not_taken(key: CellKey, one: Implementation) -> SkippedCell:
    takes = ", ".join((*one.functions, *one.formats))
    return SkippedCell(key.name, f"{one.name} takes {takes}")


def _keys_of_trusted(
    keys: Sequence[CellKey], against: str | Implementation, **same: Any
) -> tuple[list[CellKey], list[SkippedCell]]:
    """Give the cells of who is trusted beside others, and those that it does not take."""
    trusted, skipped = [], []
    for function, form in dict.fromkeys((k.function, k.arithmetic.storage.name) for k in keys):
        if isinstance(against, str):
            if against in ALGORITHMS[function]:
                trusted.append(make_key(function, form, against, **same))
            continue
        key = given_key(function, form, against.name, **same)
        if against.takes(function, form):
            trusted.append(key)
        elif key not in keys:
            skipped.append(_not_taken(key, against))
    return trusted, skipped


def _in_order(keys: Sequence[CellKey]) -> tuple[CellKey, ...]:
    """Put the cells of a function, and of a format in it, beside each other; each once."""
    functions = list(dict.fromkeys(key.function for key in keys))
    formats = list(dict.fromkeys(key.arithmetic.storage.name for key in keys))
    return tuple(
        sorted(
            dict.fromkeys(keys),
            key=lambda k: (functions.index(k.function), formats.index(k.arithmetic.storage.name)),
        )
    )


OPTIONS = ("function", "format", "algorithm", "compute", "accumulate", "order", "subnormals")
"""Names that make the product."""


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that is not a positive finite number."""
    if not 0 < temperature < float("inf"):
        raise OptionError(f"temperature {temperature:g}: must be a positive finite number")


def default_keys(elementary: str = NUMPY) -> tuple[CellKey, ...]:
    """Give the 24 default cells: the usual algorithms in four formats, and what GPUs do besides."""
    keys = []
    named = partial(make_key, elementary=elementary)
    for function, form in product(DEFAULT_FUNCTIONS, DEFAULT_FORMATS):
        keys += [named(function, form, algorithm) for algorithm in _algorithms(function, ())]
        if form in ON_GPUS:
            keys.append(named(function, form, "stable", "float32"))
    return tuple(keys)


def _algorithms(function: str, asked: Sequence[str]) -> list[str]:
    """Give the algorithms of a function among those asked for, in display order."""
    wanted = asked or DEFAULT_ALGORITHMS
    return [name for name in ALGORITHMS[function] if name in wanted or ALL in wanted]


def product_keys(
    named: Mapping[str, Sequence[str]], block_sizes: Sequence[int] = (), **same: Any
) -> tuple[tuple[CellKey, ...], tuple[SkippedCell, ...]]:
    """Give the plain product of what is named; what is not named takes its default.

    Parameters
    ----------
    named : mapping
        Names under `OPTIONS`.
    block_sizes : sequence of int
        They multiply the blockwise algorithms alone.
    **same
        What all cells have; see `make_key`.

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
    for algorithm in named["algorithm"]:
        known(algorithm, (*ALGORITHM_NAMES, ALL), "algorithm")
    keys: dict[CellKey, None] = {}
    skipped: list[SkippedCell] = []
    for parts, more in _combinations(named, block_sizes):
        try:
            keys[make_key(*parts, **(more | same))] = None
        except NoSuchCell as error:
            skipped.append(SkippedCell(_asked_name(*parts), str(error)))
    if block_sizes and not any(key.algorithm in BLOCKWISE for key in keys):
        raise OptionError(f"a block size is for {', '.join(BLOCKWISE)}: name one with --algorithm")
    if same.get("saturate") and not any(key.arithmetic.saturates for key in keys):
        raise OptionError("nothing saturates: --saturate is for float8 formats, name one of them")
    if not keys:
        raise _none_left(skipped, "no algorithm of that name has that function")
    return tuple(keys), tuple(skipped)


def _combinations(
    named: Mapping[str, Sequence[str]], block_sizes: Sequence[int]
) -> Iterator[tuple[tuple[str, str, str, str | None, str | None, str], dict[str, Any]]]:
    """Give the parts of every cell that is asked for, in display order."""
    steps = tuple(
        product(
            named["compute"] or (None,),
            named["accumulate"] or (None,),
            named["order"] or (PAIRWISE,),
            named["subnormals"] or (KEEP,),
        )
    )
    for function in named["function"] or DEFAULT_FUNCTIONS:
        known(function, ALGORITHMS, "function")
        chosen = _algorithms(function, named["algorithm"])
        arithmetics = product(named["format"] or DEFAULT_FORMATS, steps)
        for (form, (compute, sums, order, subnormals)), algorithm in product(arithmetics, chosen):
            for size in (block_sizes if algorithm in BLOCKWISE else ()) or (None,):
                more = {"subnormals": subnormals, "block_size": size}
                yield (function, form, algorithm, compute, sums, order), more


def _asked_name(
    function: str, form: str, algorithm: str, compute: str | None, sums: str | None, order: str
) -> str:
    """Name a cell that does not exist."""
    arithmetic = arithmetic_name(form, compute or form, sums or compute or form, order)
    return f"{function}/{arithmetic}/{algorithm}"
