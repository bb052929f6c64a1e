"""Judge outputs that somebody's implementation returned, as the outputs of our own are judged.

The arrays are all that is asked for.  Calling the implementation from here was rejected: how it is
called, on which device and in what batches, is its owner's business, and part of what is tested.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from softaudit.algorithms import ALGORITHMS
from softaudit.answers import Answers, Given
from softaudit.audit import audit
from softaudit.errors import InputError, OptionError
from softaudit.formats import FORMATS, round_to
from softaudit.keys import given_key, known
from softaudit.model import Logits, Plan, Used
from softaudit.plan import check_temperature
from softaudit.sources.array import as_array, from_array

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from softaudit.formats import Format
    from softaudit.model import Audit

_NAME = re.compile(r"[A-Za-z0-9_][\w.+-]*")


def judge(
    outputs: ArrayLike,
    logits: Logits | ArrayLike,
    *,
    function: str = "softmax",
    format: str | None = None,  # noqa: A002  the field's word, and the command's
    logits_format: str | None = None,
    saturate: bool = False,
    temperature: float = 1.0,
    axis: int = -1,
    worst: int = 5,
    name: str = "outputs",
    limit: float | None = None,
) -> Audit:
    """Compare what an implementation returned with the exact values.

    Parameters
    ----------
    outputs : array_like, of the logits' shape, for logsumexp without the class axis
        As the implementation returned them: anything that numpy.asarray takes.
    logits : Logits or array_like, shape (..., columns)
        As the implementation got them.
    function : str
        softmax, log_softmax or logsumexp.
    format : str, optional
        The outputs' number format; that of their dtype by default.
    logits_format : str, optional
        Logits are rounded to it, once: the exact values are those of the rounded ones.  By default
        it is the outputs' format, in which an implementation gets its logits as a rule, and the
        temperature is rounded to it, too; where one is named the temperature is taken as given.
        "float64" takes logits as they are.
    saturate : bool
        Whether logits beyond a float8 format's largest number are judged as that number.
    temperature : float
        T, positive and finite.
    axis : int
        The class axis; of logits that were read, the one they were read with.
    worst : int
        How many of the largest errors to keep.
    name : str
        What stands for the algorithm in the cell's name.
    limit : float, optional
        Errors in ulp above which results are counted, in the cell's `causes`; 4 by default.

    Returns
    -------
    Audit
        Of one cell.

    Raises
    ------
    OptionError, InputError
        For names, temperatures, dtypes or shapes that cannot be judged, and for outputs that are no
        numbers of the format.
    PlatformError
        If the processor's state breaks IEEE arithmetic.

    Notes
    -----
    NaN and infinities in the outputs are judged like everything else: where the exact value is
    finite, their error is ∞.  Outputs come without the steps that made them, so that only causes
    are told that results prove by themselves, and every wrong zero that the format could have
    avoided counts as premature.

    Numbers that the format does not have are refused here, where `softaudit compare` counts them
    and judges them as they are: digits that a kernel did not return would pass a test of it.
    """
    known(function, ALGORITHMS, "function")
    source = logits if isinstance(logits, Logits) else from_array(logits, "logits", axis)
    given = _given(outputs, source, function)
    form = FORMATS[known(format or given.format, FORMATS, "format")]
    _check_numbers(given, form)
    check_name(name, function)
    check_temperature(temperature)
    if worst < 0:
        raise OptionError(f"worst {worst}: must be 0 or more")
    key = given_key(function, form.name, name, saturate=saturate, logits=logits_format)
    plan = Plan(
        (key,),
        temperature=temperature,
        worst=worst,
        limit=limit,
        logits_format=logits_format,
    )
    answers = Answers([Given(given, Used(name, sha256=given.sha256))])
    return audit(source, plan, answers=answers)


def check_name(name: str, function: str) -> None:
    """Refuse a name that cannot stand for an algorithm in a cell's."""
    if not _NAME.fullmatch(name):
        raise OptionError(f"name {name!r}: give letters, digits, _ . + or -")
    if name in ALGORITHMS[function]:
        raise OptionError(f"name {name!r}: an algorithm of {function} has it; give another")


def _given(outputs: ArrayLike, source: Logits, function: str) -> Logits:
    """Take outputs in the layout of the logits."""
    values = as_array(outputs, "outputs")
    if values.dtype.name not in FORMATS:
        raise InputError(
            f"outputs: dtype {values.dtype} is no number format ({', '.join(FORMATS)}); "
            "give the array that the implementation returned"
        )
    wanted, axis = source.shape, source.axis
    if function == "logsumexp":
        wanted = tuple(np.delete(wanted, axis).tolist())
    if values.shape != wanted:
        raise InputError(
            f"outputs: shape {values.shape}, and {function} of logits of shape {source.shape} "
            f"over axis {axis} has {wanted}; give one output for every result"
        )
    if function == "logsumexp":
        return from_array(values[..., None], "outputs")
    return from_array(values, "outputs", axis)


def _check_numbers(given: Logits, form: Format) -> None:
    """Refuse outputs that are no numbers of a format: theirs is another one."""
    if form.holds(FORMATS[given.format]):
        return
    with np.errstate(invalid="ignore"):  # which signalling NaNs raise
        values = given.values.astype(np.float64)
    wrong = (round_to(values, form) != values) & ~np.isnan(values)
    if wrong.any():
        first = _first(wrong)
        raise InputError(
            f"outputs: {given.values[first]} at {first}, class axis last, is no {form.name}; "
            f"name their own format, {given.format}, or round them first"
        )


def _first(mask: NDArray[Any]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))


__all__ = ["judge"]
