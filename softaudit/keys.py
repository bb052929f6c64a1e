"""The names of single cells, and what does not go together in one."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, cast

from softaudit.algorithms import ALGORITHMS, BLOCK_SIZE, BLOCKWISE, ORDERS_OF
from softaudit.arithmetic import ELEMENTARY, ORDERS
from softaudit.errors import OptionError
from softaudit.formats import FORMATS
from softaudit.model import Arithmetic, CellKey, Function

if TYPE_CHECKING:
    from collections.abc import Iterable

    from softaudit.formats import Format

PAIRWISE = "pairwise"
NUMPY = "numpy"
KEEP = "keep"
SUBNORMALS = (KEEP, "flush")
AS_READ = "float64"
"""The format that holds all logits as they are."""
FLOAT8 = "float8"
"""How formats are named that may saturate."""
LARGEST_BLOCK = 1 << 28
"""The longest row that is audited."""
MOST_NAMES = 20
"""How many names a message lists."""


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
    formats = _formats(form, compute or form, accumulate or compute or form)
    known(function, ALGORITHMS, "function")
    known(algorithm, ALGORITHMS[function], f"algorithm of {function}")
    known(order, ORDERS, "summation order")
    known(elementary, ELEMENTARY, "elementary functions")
    known(subnormals, SUBNORMALS, "way with subnormals")
    _check_order(algorithm, order)
    _check_width(*formats[:2])
    if saturate:
        formats = [_saturating(one) for one in formats]
    if subnormals != KEEP:
        formats = [one.flushing for one in formats]
    storage, steps, sums = formats
    arithmetic = Arithmetic(storage, steps, sums, order, elementary)
    size = _block_size(algorithm, block_size)
    return CellKey(cast("Function", function), arithmetic, algorithm, size)


def _formats(*names: str) -> list[Format]:
    whats = "format", "compute format", "accumulator format"
    return [FORMATS[known(name, FORMATS, what)] for name, what in zip(names, whats, strict=True)]


def _saturating(form: Format) -> Format:
    return form.saturating if form.name.startswith(FLOAT8) else form


def _check_width(storage: Format, compute: Format) -> None:
    if not compute.holds(storage):
        raise NoSuchCell(
            f"compute format {compute.name} does not hold every {storage.name}: "
            f"name one that is at least as wide"
        )


def _check_order(algorithm: str, order: str) -> None:
    orders = ORDERS_OF.get(algorithm, tuple(ORDERS))
    if order not in orders:
        raise NoSuchCell(f"{algorithm} sums in an order of its own: {' or '.join(orders)}")


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
    return replace(arithmetic, logits=_saturating(form) if arithmetic.saturates else form)
