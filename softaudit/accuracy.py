"""Assert that an implementation is accurate: what a test of a kernel asks.

Nothing is imported up here that takes time: pytest loads this with its plugin in every session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.errors import InputError, OptionError, SoftauditError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike

    from softaudit.model import Audit, Cell, Logits, Worst


def assert_accurate(
    outputs: ArrayLike,
    logits: Logits | ArrayLike,
    *,
    max_ulp: float,
    function: str = "softmax",
    format: str | None = None,  # noqa: A002  the field's word, and the command's
    temperature: float = 1.0,
    axis: int = -1,
) -> None:
    """Assert that no output is more than some units in the last place off the exact value.

    Parameters
    ----------
    outputs, logits, function, format, temperature, axis
        See `softaudit.judge`.
    max_ulp : float
        The largest error allowed, in ulp of the exact value: a finite number, 0 or more.

    Raises
    ------
    AssertionError
        If an error is larger, if a result is not finite and the exact one is, or if an infinite
        answer is not returned.  It says how many are wrong, which worst, and what would pass.
    OptionError, InputError
        For what cannot be asked, as `softaudit.judge` has it.  Also if no row has an answer, since
        a comparison of nothing must not pass, and if rounding the logits takes rows away.

    Notes
    -----
    Rows with NaN, +∞ or nothing but −∞ have no softmax, and are left out.
    """
    __tracebackhide__ = True
    limit = float(max_ulp)
    if not 0 <= limit < float("inf"):
        raise OptionError(f"max_ulp {limit:g}: must be a finite number, 0 or more")
    from softaudit.judging import judge

    try:
        audit = judge(
            outputs,
            logits,
            function=function,
            format=format,
            temperature=temperature,
            axis=axis,
            limit=limit,
        )
        _check_rows(audit)
    except SoftauditError as error:
        raise type(error)(*error.args) from None  # so that a test shows its own line, not ours
    message = shortfall(audit, limit)
    if message is not None:
        raise AssertionError(message)


def shortfall(audit: Audit, limit: float) -> str | None:
    """Say what is not accurate in an audit of one cell; None if everything is.

    Parameters
    ----------
    audit : Audit
        Made with this limit.
    limit : float
        The largest error allowed, in ulp.

    Returns
    -------
    str or None
        Several lines of plain text.
    """
    cell = audit.cells[0]
    if _measured(cell) <= limit and "not_infinite" not in cell.events:
        return None
    from softaudit.wording import NO_BREAK

    lines = [_headline(cell, limit)]
    lines += [f"  {line}" for line in (*_counts(cell), _remedy(cell), *_notes(cell))]
    lines += [f"  {line}" for line in _table([w for w in cell.worst if w.ulp > limit])]
    return "\n".join(lines).replace(NO_BREAK, " ")


def _check_rows(audit: Audit) -> None:
    """Refuse to judge nothing, or less than was given."""
    (cell,) = audit.cells
    form, lost = cell.key.arithmetic.storage.name, cell.rows["lost_to_cast"]
    if lost:
        raise InputError(
            f"logits: rows that {form} does not hold: {lost}; "
            "give the logits as the implementation got them, or name a wider format"
        )
    if audit.reference.undecided:
        raise InputError(
            f"logits: {audit.reference.undecided} exact values are undecided, being too near a "
            "boundary; leave these rows out"
        )
    if cell.elements == 0:
        raise InputError(
            "logits: nothing to judge, since every row has NaN, +∞ or nothing but −∞; "
            "give a row that has an answer"
        )


def _measured(cell: Cell) -> float:
    """Give the largest error; 0 where every answer is infinite."""
    return float(cell.ulp["max"] or 0.0)


def _headline(cell: Cell, limit: float) -> str:
    from softaudit.wording import telling

    what = f"{cell.key.function} in {cell.key.arithmetic.storage.name}"
    measured, allowed = _measured(cell), _as_given(limit)
    if measured <= limit:
        return f"{what}: infinite answers are not returned as such"
    error = "∞" if measured == float("inf") else telling(repr(measured), repr(limit))
    return f"{what}: the largest error is {error} ULP, above max_ulp={allowed}"


def _as_given(limit: float) -> str:
    short = f"{limit:g}"
    return short if float(short) == limit else repr(limit)


def _counts(cell: Cell) -> Iterator[str]:
    """Say how many results are wrong, and in what way."""
    from softaudit.wording import count, place

    above = cell.events.get("above_limit")
    if above is not None:
        yield (
            f"{above.count} of {count(cell.elements, 'result')} above it, in "
            f"{count(above.rows, 'row')}, first {place(above.first)}"
        )
    early, not_finite = int(cell.underflow["premature"] or 0), cell.events.get("not_finite")
    broken = not_finite.count if not_finite else 0
    if cell.key.function != "softmax":
        early, broken = 0, broken + early  # of a logarithm, it is −∞ that is too early
    if broken:
        yield f"{count(broken, 'result')} not finite, of finite answers"
    if early:
        yield f"{count(early, 'result')} 0 too early, though the format holds the answer"
    if (event := cell.events.get("not_infinite")) is not None:
        yield f"{count(event.count, 'infinite answer')} not returned, first {place(event.first)}"


def _remedy(cell: Cell) -> str:
    measured = _measured(cell)
    if measured == float("inf") or "not_infinite" in cell.events:
        return "no max_ulp passes"
    from softaudit.wording import rounded_away

    return f"max_ulp={rounded_away(measured, up=True, digits=3)} passes"


def _notes(cell: Cell) -> Iterator[str]:
    from softaudit.wording import count, significant

    cast = cell.cast_error["max"] or 0.0
    if cast:
        yield (
            f"judged on the logits rounded to {cell.key.arithmetic.storage.name}, "
            f"which alone costs up to {significant(cast)} ULP and is not counted"
        )
    out = sum(cell.rows.values()) - cell.rows["audited"]
    if out:
        yield f"{count(out, 'row')} with NaN, +∞ or nothing but −∞ left out"


def _table(worst: Sequence[Worst]) -> list[str]:
    """Lay out elements as lines, the columns aligned to the right."""
    if not worst:
        return []
    rows = [("index", "logit", "computed", "exact", "ULP"), *map(_row, worst)]
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    lines = zip(*columns, strict=True)
    return [
        "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True))
        for line in lines
    ]


def _row(worst: Worst) -> tuple[str, ...]:
    from softaudit.wording import place, telling, ulps

    exact = telling(worst.exact, worst.computed)
    computed = _number(worst.computed, worst.exact)
    logit = "" if worst.logit is None else _number(worst.logit, "nan")
    return place(worst.index), logit, computed, exact, ulps(worst.ulp)


def _number(value: float, other: str) -> str:
    from softaudit.wording import short, telling

    finite = abs(value) < float("inf")
    return telling(repr(value), other) if finite and value != 0 else short(value)


__all__ = ["assert_accurate", "shortfall"]
