"""From options to a plan: which cells to compute."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, cast

from softaudit.algorithms import ALGORITHMS, BLOCK_SIZE, BLOCKWISE, ORDERS_OF
from softaudit.arithmetic import ELEMENTARY, ORDERS
from softaudit.errors import OptionError
from softaudit.formats import FORMATS
from softaudit.implementations import IMPLEMENTATIONS
from softaudit.model import Arithmetic, CellKey, Function, Plan, SkippedCell, arithmetic_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from softaudit.implementations import Implementation

DEFAULT_FORMATS = ("float16", "bfloat16", "float32", "float64")
DEFAULT_FUNCTIONS = ("softmax", "log_softmax")
DEFAULT_ALGORITHMS = ("naive", "log-of-softmax", "stable")
ALL = "all"
PAIRWISE = "pairwise"
NUMPY = "numpy"
OF_ONE = "softmax"
"""What a function of somebody's is taken for that computes one of them alone."""
AS_READ = "float64"
"""The format that holds all logits as they are."""
KEEP = "keep"
SUBNORMALS = (KEEP, "flush")
ON_GPUS = ("float16", "bfloat16")
"""Formats for which the stable algorithms also run in float32, as GPUs do."""


class NoSuchCell(OptionError):  # noqa: N818 -- what it says, and not how it is raised
    """Names that are known, and do not go together."""


def make_key(
    function: str,
    form: str,
    algorithm: str,
    compute: str | None = None,
    accumulate: str | None = None,
    order: str = PAIRWISE,
    *,
    subnormals: str = KEEP,
    saturate: bool = False,
    block_size: int | None = None,
    elementary: str = NUMPY,
) -> CellKey:
    """Name one cell by its parts.

    Parameters
    ----------
    function, form, algorithm : str
    compute, accumulate : str, optional
        Formats; by default the storage format, and that of `compute`.
    order : str
    subnormals : {"keep", "flush"}
        Whether every step makes 0 of subnormal numbers.
    saturate : bool
        Whether float8 formats have their largest number in place of what is beyond it; others
        stay as they are.
    block_size : int, optional
        Columns of a block; the blockwise algorithms' own by default, and None for others.
    elementary : str
        Whose exp and log wide formats use.

    Raises
    ------
    OptionError
        For an unknown name.
    NoSuchCell
        For a combination that does not exist, such as a compute format narrower than the storage.
    """
    names = form, compute or form, accumulate or compute or form
    whats = "format", "compute format", "accumulator format"
    formats = [FORMATS[known(n, FORMATS, what)] for n, what in zip(names, whats, strict=True)]
    known(function, ALGORITHMS, "function")
    known(algorithm, ALGORITHMS[function], f"algorithm of {function}")
    known(order, ORDERS, "summation order")
    known(elementary, ELEMENTARY, "elementary functions")
    known(subnormals, SUBNORMALS, "way with subnormals")
    _check_order(algorithm, order)
    if not formats[1].holds(formats[0]):
        raise NoSuchCell(
            f"compute format {formats[1].name} does not hold every {formats[0].name}: "
            f"name one that is at least as wide"
        )
    if saturate:
        formats = [f.saturating if f.name.startswith(FLOAT8) else f for f in formats]
    if subnormals != KEEP:
        formats = [f.flushing for f in formats]
    storage, steps, sums = formats
    arithmetic = Arithmetic(storage, steps, sums, order, elementary)
    size = _block_size(algorithm, block_size)
    return CellKey(cast("Function", function), arithmetic, algorithm, size)


def _check_order(algorithm: str, order: str) -> None:
    orders = ORDERS_OF.get(algorithm, tuple(ORDERS))
    if order not in orders:
        raise NoSuchCell(f"{algorithm} sums in an order of its own: {' or '.join(orders)}")


FLOAT8 = "float8"


LARGEST_BLOCK = 1 << 28
"""The longest row that is audited."""


def _block_size(algorithm: str, size: int | None) -> int | None:
    """Give a block size that goes into the cell's name; None for the algorithm's own."""
    if size is None:
        return None
    if algorithm not in BLOCKWISE:
        raise NoSuchCell(f"{algorithm} has no blocks: a block size is for {', '.join(BLOCKWISE)}")
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= LARGEST_BLOCK:
        raise OptionError(f"block size {size!r}: must be a whole number from 1 to {LARGEST_BLOCK}")
    return None if size == BLOCK_SIZE else size


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


def make_plan(
    options: Mapping[str, Sequence[str]],
    *,
    saturate: bool = False,
    block_sizes: Sequence[int] = (),
    implementations: Sequence[Implementation] = (),
    against: str | None = None,
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
    against : str, optional
        An algorithm that every function is to have in every format.
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
    same = {"saturate": saturate, "elementary": elementary}
    keys: tuple[CellKey, ...] = ()
    skipped: tuple[SkippedCell, ...] = ()
    if implementations and not named["algorithm"]:
        _check_unasked(named, block_sizes)
    elif any(named.values()) or saturate or block_sizes:
        keys, skipped = product_keys(named, block_sizes, **same)
    else:
        keys = default_keys(elementary)
    others, unknown = _keys_of(implementations, named, **same)
    keys, skipped = _in_order((*keys, *others)), (*skipped, *unknown)
    if not keys:
        reason = skipped[0].reason if skipped else "the implementation takes no default format"
        raise OptionError(f"no cell is left to compute: {reason}")
    if against is not None:
        keys = _with_trusted(keys, against, **same)
    return Plan(keys, skipped=skipped, **rest)


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
    for function, form in product(functions or DEFAULT_FUNCTIONS, formats or DEFAULT_FORMATS):
        for one in implementations:
            if not functions and one.word not in IMPLEMENTATIONS and function != OF_ONE:
                continue
            key = given_key(function, form, one.name, **same)
            if function in one.functions and form in one.formats:
                keys.append(key)
            elif (functions and function not in one.functions) or (
                formats and form not in one.formats
            ):
                takes = ", ".join((*one.functions, *one.formats))
                skipped.append(SkippedCell(key.name, f"{one.name} takes {takes}"))
    return keys, skipped


def given_key(
    function: str,
    form: str,
    name: str,
    *,
    saturate: bool = False,
    elementary: str = NUMPY,
    logits: str | None = None,
) -> CellKey:
    """Name a cell of somebody else's results.

    Parameters
    ----------
    function, form : str
    name : str
        What stands for the algorithm.
    saturate : bool
        Whether logits beyond a float8 format's largest number are that number.
    elementary : str
        Of the run, for the algorithms beside.
    logits : str, optional
        The format to which logits are rounded for the problem, where it is another.
    """
    like = make_key(function, form, "stable", saturate=saturate, elementary=elementary)
    return replace(like, algorithm=name, arithmetic=posed_from(like.arithmetic, logits))


def posed_from(arithmetic: Arithmetic, logits: str | None) -> Arithmetic:
    """Give an arithmetic with the format to which logits are rounded for the problem."""
    if logits is None:
        return arithmetic
    form = FORMATS[known(logits, FORMATS, "format")]
    if arithmetic.saturates and form.name.startswith(FLOAT8):
        form = form.saturating
    return replace(arithmetic, logits=form)


def _with_trusted(keys: Sequence[CellKey], against: str, **same: Any) -> tuple[CellKey, ...]:
    """Give cells with those of a trusted algorithm beside them."""
    trusted = []
    for function, form in dict.fromkeys((k.function, k.arithmetic.storage.name) for k in keys):
        if against in ALGORITHMS[function]:
            trusted.append(make_key(function, form, against, **same))
    return _in_order((*keys, *trusted))


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
    every = dict.fromkeys(a for of in ALGORITHMS.values() for a in of)
    for algorithm in named["algorithm"]:
        known(algorithm, (*every, ALL), "algorithm")
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
        reason = skipped[0].reason if skipped else "no algorithm of that name has that function"
        raise OptionError(f"no cell is left to compute: {reason}")
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
