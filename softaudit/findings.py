"""What breaks, why, and what to do: one set of sentences for every output.

A cell *breaks* where it returns NaN or ±∞ for a number that the format holds, where it returns a
zero (or log of zero) too early, or where the cast took whole rows.  It *loses* where a step costs
it far more than rounding.  It *holds* otherwise.  Counts and first places come with every such
sentence.  Two more kinds compare: where *errors* come from, and what is *closer*, naive or stable.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from math import log
from typing import TYPE_CHECKING, Literal

from softaudit.formats import ulp_at
from softaudit.metrics import WORTH_TELLING
from softaudit.model import RowKind
from softaudit.plan import DEFAULT_ALGORITHMS
from softaudit.state import is_broken, state_of
from softaudit.wording import NO_BREAK, count, minus, place, plain, short, significant, ulps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.formats import Format
    from softaudit.model import Audit, Cell, CellKey, Event, Worst

Kind = Literal["note", "breaks", "loses", "errors", "closer", "holds"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about an audit.

    Attributes
    ----------
    kind : str
        note, breaks, loses, errors, closer or holds.
    cells : tuple of str
        Names of the cells it is about.
    cause : str or None
        The cause it names, which is a topic and a rule id.
    text : str
        With `wording.NO_BREAK` where a line is not to be broken.
    """

    kind: Kind
    cells: tuple[str, ...]
    cause: str | None
    text: str

    @property
    def plain(self) -> str:
        """The sentence with ordinary blanks."""
        return plain(self.text)


def findings(audit: Audit) -> tuple[Finding, ...]:
    """Give the sentences about an audit, kind by kind."""
    kinds = (_notes, _breaks, _loses, _errors, _closer, _holds)
    return tuple(finding for kind in kinds for finding in kind(audit))


def exp_overflows_above(form: Format) -> float:
    """Give the least logit, about, whose exponential overflows: log of the largest + ½ ulp."""
    return log(form.largest) + ulp_at(form.largest, form) / form.largest / 2


def exp_vanishes_below(form: Format) -> float:
    """Give the logit, about, below which the exponential is 0: log of half the least subnormal."""
    return (form.subnormal_exponent - 1) * log(2.0)


def _notes(audit: Audit) -> Iterator[Finding]:
    yield from _degenerate_notes(audit)
    masks: dict[tuple[Event, float], list[str]] = {}
    for cell in audit.cells:
        event = cell.events.get("rows.masked_by_cast")
        if event is not None:
            form = cell.key.arithmetic.storage
            names = masks.setdefault((event, -form.largest), [])
            if form.name not in names:
                names.append(form.name)
    for (event, least), formats in masks.items():
        text = (
            f"{', '.join(formats)}: {count(event.count, 'logit')} below {short(least)} "
            f"turned into −∞ (masks), rows kept: {event.rows}, first {place(event.first)}"
        )
        yield Finding("note", (), None, text)
    yield from _saturated_notes(audit)
    reasons: dict[str, list[str]] = {}
    for skipped in audit.skipped:
        reasons.setdefault(skipped.reason, []).append(skipped.cell)
    for reason, cells in reasons.items():
        yield Finding("note", tuple(cells), None, f"{count(len(cells), 'cell')} skipped: {reason}")
    if audit.reference.undecided:
        number = count(audit.reference.undecided, "exact value")
        text = f"{number} too near a boundary to be told apart within the budget: undecided"
        yield Finding("note", (), None, text)


def _saturated_notes(audit: Audit) -> Iterator[Finding]:
    told: dict[tuple[str, Event], list[Cell]] = {}
    for cell in audit.cells:
        event = cell.events.get("overflow.saturated")
        if event is not None:
            told.setdefault((cell.key.arithmetic.storage.name, event), []).append(cell)
    for (form, event), cells in told.items():
        largest = short(cells[0].key.arithmetic.storage.largest)
        text = (
            f"{form} +saturate: what is beyond ±{largest} is ±{largest}, {_where(event, 'logit')}"
        )
        yield Finding("note", tuple(c.key.name for c in cells), None, text)


_DEGENERATE = {
    RowKind.NAN: "with NaN",
    RowKind.POSITIVE_INFINITY: "with +∞",
    RowKind.ALL_MASKED: "with nothing but −∞",
}


def _degenerate_notes(audit: Audit) -> Iterator[Finding]:
    for kind, wording in _DEGENERATE.items():
        found = [(c, d) for c in audit.cells for d in c.degenerate if d.kind is kind]
        if not found:
            continue
        _, first = found[0]
        answers: dict[tuple[str, ...], list[str]] = {}
        for cell, degenerate in found:
            returned = tuple(short(v) for v in degenerate.returned[:3])
            answers.setdefault(returned, []).append(cell.key.name)
        told = "; ".join(
            f"{_some(cells, len(found))} returned {' and '.join(values)}"
            for values, cells in answers.items()
        )
        text = (
            f"{count(first.rows, 'row')} {wording} {'is' if first.rows == 1 else 'are'} out of the "
            f"statistics, first {place(first.first)}: {told}"
        )
        yield Finding("note", tuple(c.key.name for c, _ in found), None, text)


def _some(cells: list[str], total: int) -> str:
    if len(cells) == total:
        return "every cell"
    return cells[0] if len(cells) == 1 else f"{len(cells)} cells"


def left_out(audit: Audit) -> tuple[Finding, ...]:
    """Give the sentences about what no figure covers: rows, cells, undecided values."""
    return (*_notes(audit), *_lost_rows(audit))


def _lost_rows(audit: Audit) -> Iterator[Finding]:
    lost: dict[str, list[Cell]] = {}
    for cell in audit.cells:
        if cell.rows["lost_to_cast"]:
            lost.setdefault(cell.key.arithmetic.storage.name, []).append(cell)
    for form, cells in lost.items():
        yield _lost_to_cast(form, cells)


def _breaks(audit: Audit) -> Iterator[Finding]:
    yield from _lost_rows(audit)
    told: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in filter(is_broken, audit.cells):
        for cause in _breaking_causes(cell):
            told.setdefault((cell.key.variant, cause, _SENTENCES[cause](cell)), []).append(cell)
    yield from _beyond_the_format(audit)
    for (algorithm, cause, sentence), cells in told.items():
        where = ", ".join(dict.fromkeys(arithmetic_words(c.key) for c in cells))
        names = tuple(c.key.name for c in cells)
        yield Finding("breaks", names, cause, f"{where} {algorithm}: {sentence}")


def _beyond_the_format(audit: Audit) -> Iterator[Finding]:
    told: dict[tuple[str, Event], list[Cell]] = {}
    for cell in audit.cells:
        event = cell.events.get("overflow.forced")
        if event is not None:
            told.setdefault((cell.key.arithmetic.storage.name, event), []).append(cell)
    for (form, event), cells in told.items():
        largest = short(cells[0].key.arithmetic.storage.largest)
        text = f"{form}: the exact {cells[0].key.function} is beyond ±{largest}, whatever the"
        names = tuple(c.key.name for c in cells)
        yield Finding("breaks", names, None, f"{text} algorithm: {_where(event, 'element')}")


def arithmetic_words(key: CellKey) -> str:
    """Name a cell's arithmetic in words: `float16 in float32`."""
    a = key.arithmetic
    words = [a.storage.name]
    words += [f"in {a.compute.name}"] if a.compute != a.storage else []
    words += [f"summed in {a.accumulate.name}"] if a.accumulate != a.compute else []
    words += [a.order] if a.order != "pairwise" else []
    words += ["+flush"] if a.flushes else []
    words += ["+saturate"] if a.saturates else []
    return " ".join(words)


def _lost_to_cast(form: str, cells: list[Cell]) -> Finding:
    cell = cells[0]
    cast, rows = cell.events.get("overflow.cast"), cell.events["rows.lost_to_cast"]
    largest = short(cell.key.arithmetic.storage.largest)
    why = [f"{count(cast.count, 'logit')} beyond ±{largest}"] if cast else []
    if cast is None or cast.rows < rows.count:
        why.append("an infinity it lacks")
    over = " or ".join(why)
    text = f"{form} cast: {over}; {count(rows.count, 'row')} lost, first {place(rows.first)}"
    return Finding("breaks", tuple(c.key.name for c in cells), "cast-overflow", text)


def _breaking_causes(cell: Cell) -> Iterator[str]:
    found = {cause for cause, event in cell.breaks.items() if event.count}
    if "inf-over-inf" in found:
        found.add("exp-overflow")
    yield from (cause for cause in _SENTENCES if cause in found)
    if cell.overflow["mismatch"]:
        yield "mismatch"


def _exp_overflow(cell: Cell) -> str:
    event = cell.events["overflow.exp"]
    limit = exp_overflows_above(cell.key.arithmetic.compute)
    return f"exp overflows above {limit:.2f}: {_where(event, 'logit')}"


def _sum_overflow(cell: Cell) -> str:
    event = cell.events["overflow.sum"]
    limit = short(cell.key.arithmetic.accumulate.largest)
    rows = f"{count(event.count, 'row')}, first {place(event.first)}"
    return f"a sum of finite terms overflows above {limit}: {rows}"


def _cast_overflow(cell: Cell) -> str:
    event = cell.breaks["cast-overflow"]
    return f"x/T, x − m or the result leaves the range: {_where(event, 'result')}"


def _saturation(cell: Cell) -> str:
    limit = short(cell.key.arithmetic.compute.largest)
    return f"what exceeds {limit} is {limit}: {_where(cell.breaks['saturation'], 'result')}"


def _flush(cell: Cell) -> str:
    limit = short(cell.key.arithmetic.compute.least_normal)
    return f"what is below {limit} becomes 0: {_where(cell.breaks['flush'], 'result')}"


def _log_of_zero(cell: Cell) -> str:
    event = cell.breaks["log-of-zero"]
    instead = "; use stable" if cell.key.algorithm in ("naive", "log-of-softmax") else ""
    infinity = short(-cell.key.arithmetic.compute.overflow)
    return f"log(0) = {infinity}: {_where(event, 'result')}{instead}"


def _exp_underflow(cell: Cell) -> str:
    event = cell.breaks["exp-underflow"]
    form = cell.key.arithmetic.compute
    subnormal, zero = (
        minus(f"{limit:.2f}") for limit in (log(form.least_normal), exp_vanishes_below(form))
    )
    limits = f"exp is subnormal below {subnormal} and 0 below {zero}"
    return f"{limits}: {_where(event, 'result')}"


def _sum_stall(cell: Cell) -> str:
    return f"the accumulator stalls: {_where(cell.breaks['sum-stall'], 'result')}"


def _unfounded(cell: Cell) -> str:
    early = bool(cell.underflow["premature"])
    logarithm = cell.key.function != "softmax"  # for which it is −∞ that is too early
    what = ["not finite"] if "not_finite" in cell.events or (early and logarithm) else []
    what += ["0 too early"] if not what or (early and not logarithm) else []
    return f"results are {' or '.join(what)}: {_where(cell.breaks['rounding'], 'result')}"


def _mismatch(cell: Cell) -> str:
    event = cell.events["overflow.mismatch"]
    return f"an infinite answer is not returned as such: {_where(event, 'result')}"


_SENTENCES = {
    "exp-overflow": _exp_overflow,
    "sum-overflow": _sum_overflow,
    "cast-overflow": _cast_overflow,
    "saturation": _saturation,
    "flush": _flush,
    "log-of-zero": _log_of_zero,
    "exp-underflow": _exp_underflow,
    "sum-stall": _sum_stall,
    "rounding": _unfounded,
    "mismatch": _mismatch,
}


def _where(event: Event, what: str) -> str:
    rows = count(event.rows, "row")
    return f"{count(event.count, what)}, {rows}, first {place(event.first)}"


_WHY = {
    "absorption": f"where p{NO_BREAK}>{NO_BREAK}½",
    "cancellation": "where m and the logarithm of the sum nearly cancel",
    "shift-absorption": "where m absorbs the logarithm of the sum",
    "argument-rounding": "from rounding x − m",
    "saturation": "where exponentials or their sum end at the largest number",
    "flush": "where subnormal numbers become 0",
    "sum-stall": "where the accumulator stalls",
    "exp-underflow": "where the exponential is subnormal",
}


def _rounded(audit: Audit) -> str:
    return "x − m" if audit.temperature == 1.0 else "x/T and x − m"


_NEAR_1 = "where the sum is near 1"


def _loses(audit: Audit) -> Iterator[Finding]:
    """Give, for each cause and function, what it costs every arithmetic at worst."""
    losses: dict[tuple[str, str], list[tuple[Worst, Cell]]] = {}
    for cell in audit.cells:
        for worst in cell.worst:
            if worst.cause in _WHY and WORTH_TELLING < worst.ulp < float("inf"):
                losses.setdefault((worst.cause, cell.key.function), []).append((worst, cell))
    for (cause, function), pairs in losses.items():
        why = _WHY[cause] if (function, cause) != ("logsumexp", "absorption") else _NEAR_1
        usual = all(cell.key.algorithm in DEFAULT_ALGORITHMS for _, cell in pairs)
        why = why.replace("x − m", _rounded(audit) if usual else "what goes into exp")
        _, most = max(pairs, key=lambda pair: pair[1].causes[cause].count)
        where = _where(most.causes[cause], "result")
        text = f"{function} {why}: {', '.join(_by_arithmetic(pairs))}; up to {where}"
        yield Finding("loses", tuple(cell.key.name for _, cell in pairs), cause, text)


def _by_arithmetic(pairs: list[tuple[Worst, Cell]]) -> Iterator[str]:
    """Give `float16 2037 ULP (relative 1.0)`, then the others without the words."""
    groups = groupby(pairs, lambda pair: arithmetic_words(pair[1].key))
    for i, (words, group) in enumerate(groups):
        worst, cell = max(group, key=lambda pair: pair[0].ulp)
        usual = cell.key.algorithm in DEFAULT_ALGORITHMS
        name = words if usual else f"{words} {cell.key.variant}"
        size, relative = ulps(worst.ulp), significant(worst.relative)
        text = (
            f"{name} {size} ULP (relative {relative})" if not i else f"{name} {size} ({relative})"
        )
        yield text.replace(" ", NO_BREAK)


_ORIGINS = {"cast": "rounding the logits", "floor": "the format", "excess": "the algorithm"}


def _errors(audit: Audit) -> Iterator[Finding]:
    """Say, for each function, which origin has the largest mean error; what breaks is left out."""
    for function, group in groupby(audit.cells, lambda cell: cell.key.function):
        told = [(cell, origin) for cell in group if (origin := _main_origin(cell))]
        if not told:
            continue
        usual = max(_ORIGINS, key=lambda origin: sum(o == origin for _, o in told))
        others = [o for o in _ORIGINS if o != usual and any(o == origin for _, origin in told)]
        parts = [f"{_ORIGINS[origin]} ({_in_words(told, origin)})" for origin in others]
        parts.append(_ORIGINS[usual] + (" (the rest)" if others else ""))
        text = f"{function}: most of the mean error comes from {', '.join(parts)}"
        yield Finding("errors", tuple(cell.key.name for cell, _ in told), None, text)


def _main_origin(cell: Cell) -> str | None:
    """Give the origin with the largest mean error; None of a cell that breaks, or has no error."""
    means = {origin: cell.origin[origin]["mean"] or 0.0 for origin in _ORIGINS}
    largest = max(means, key=lambda origin: means[origin])
    return None if is_broken(cell) or means[largest] == 0 else largest


def _in_words(told: list[tuple[Cell, str]], origin: str) -> str:
    """Name the arithmetics of an origin, and the algorithms where an arithmetic has others too."""
    names: dict[str, list[str]] = {}
    for words, group in groupby(told, lambda pair: arithmetic_words(pair[0].key)):
        pairs = list(group)
        here = [cell.key.variant for cell, of in pairs if of == origin]
        if here:
            names[words] = [] if len(here) == len(pairs) else here
    return ", ".join(" ".join((w, " and ".join(a))).strip() for w, a in names.items())


_FAR_APART = 2.0


def _closer(audit: Audit) -> Iterator[Finding]:
    """Say which of naive and stable is closer where both hold, and what the other errs from."""
    told: dict[tuple[str, str, str, str], list[tuple[Cell, Cell]]] = {}
    for near, far in _contrasts(audit):
        algorithms = near.key.algorithm, far.key.algorithm
        why = _errs(near, far.worst[0].cause, _rounded(audit))
        told.setdefault((near.key.function, *algorithms, why), []).append((near, far))
    for (function, closer, other, why), pairs in told.items():
        sizes = ", ".join(_against(*pair, unit="" if i else " ULP") for i, pair in enumerate(pairs))
        text = f"{function}: {closer} is closer than {other} in {sizes}: {other} errs {why}"
        names = tuple(cell.key.name for pair in pairs for cell in pair)
        yield Finding("closer", names, pairs[0][1].worst[0].cause, text)


def _contrasts(audit: Audit) -> Iterator[tuple[Cell, Cell]]:
    """Give naive and stable cells of one arithmetic, the closer first, if they are far apart."""
    pairs: dict[tuple[str, str], list[Cell]] = {}
    for cell in audit.cells:
        sound = cell.worst and not is_broken(cell) and not cell.overflow["forced"]
        if sound and cell.key.algorithm in ("naive", "stable"):
            pairs.setdefault((cell.key.function, cell.key.arithmetic.name), []).append(cell)
    for pair in pairs.values():
        near, far = min(pair, key=_most), max(pair, key=_most)
        if _most(far) > max(WORTH_TELLING, _FAR_APART * _most(near)) and far.worst[0].cause in _WHY:
            yield near, far


def _most(cell: Cell) -> float:
    return float(cell.ulp["max"] or 0.0)


def _against(near: Cell, far: Cell, unit: str) -> str:
    size = f"{'max ' if unit else ''}{ulps(_most(near))} against {ulps(_most(far))}{unit}"
    return f"{arithmetic_words(near.key)} ({size.replace(' ', NO_BREAK)})"


def _errs(near: Cell, cause: str, rounds: str) -> str:
    """Say what the farther one errs from, and why the closer one does not, where naive is."""
    why = _WHY[cause].replace("x − m", rounds)
    ordinary = not {"overflow.exp", "overflow.sum"} & near.events.keys()
    ordinary = ordinary and "exp-underflow" not in near.causes
    if cause == "argument-rounding" and near.key.algorithm == "naive" and ordinary:
        return f"{why}, and in naive nothing overflows or is subnormal"
    return why


def _holds(audit: Audit) -> Iterator[Finding]:
    for function, group in groupby(audit.cells, lambda cell: cell.key.function):
        cells = [c for c in group if c.elements]
        sound = [c for c in cells if state_of(c) != "breaks"]
        if not cells:
            yield Finding("holds", (), None, f"{function}: no row could be judged")
        elif not sound:
            yield Finding("holds", (), None, f"{function}: nothing; every format asked for breaks")
        else:
            least = min(_width(c) for c in sound)
            best = min((c for c in sound if _width(c) == least), key=_p99)
            size = f"p99{NO_BREAK}{ulps(_p99(best))}, max{NO_BREAK}{ulps(best.ulp['max'])}"
            cast = best.cast_error["max"] or 0.0
            beside = f", rounding the logits costs {ulps(cast)}" if cast >= WORTH_TELLING else ""
            text = f"narrowest: {best.key.name} ({size}{NO_BREAK}ULP{beside})"
            yield Finding("holds", (best.key.name,), None, text)


def _width(cell: Cell) -> int:
    return cell.key.arithmetic.storage.dtype.itemsize


def _p99(cell: Cell) -> float:
    value = cell.ulp["p99"]
    return 0.0 if value is None else float(value)
