"""What probes found, in words: who was asked, what was left out, what differs and what that means.

Renderers for people share these, however they lay them out.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from softaudit.grouping import grouped
from softaudit.render.facts import range_facts, source_facts
from softaudit.studies.probes import CONTROL, PROBES
from softaudit.wording import NO_BREAK, apart, count, minus, percent, place, ulps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from softaudit.studies.probed import Compared, Difference, Invariance, Probed

SAME, NOT_ASKED, NO_ANSWER = "·", "–", "no answer"

LEGEND = (
    f"The largest distance between two answers, in ulp of the exact value; {SAME} the same, "
    f"{NOT_ASKED} not asked."
)
SHARES = "In brackets: the part of the results that differ."


def facts(found: Invariance) -> list[str]:
    """Say about what was asked: format and shape, which rows, their range."""
    said = source_facts(found.source)
    if found.sampled is not None:
        said.append(f"{count(found.sampled, 'row')} sampled evenly")
    if found.source.axis not in (-1, len(found.source.shape) - 1):
        said.append(f"axis {found.source.axis}")
    said += range_facts(found.range, found.widest)
    if found.partial is not None:
        said.append(f"partial: interrupted after {count(found.partial, 'cell')}")
    return said


def cell_words(probed: Probed | None) -> str:
    """Give the largest distance of a probe, or what there is instead; "" of what is not there."""
    if probed is None:
        return ""
    distance = ulps(probed.distance) if probed.verdict == "differs" else ""
    return {"same": SAME, "not asked": NOT_ASKED}.get(probed.verdict, distance or NO_ANSWER)


def share_words(probed: Probed | None) -> str:
    """Give the part of a probe's results that differ; "" where none does."""
    if probed is None or probed.verdict != "differs":
        return ""
    differ, elements = (sum(getattr(way, n) for way in probed.ways) for n in ("differ", "elements"))
    return f"({percent(differ, elements)})"


def notes(found: Invariance) -> Iterator[str]:
    """Say who did what unasked, what was left out, and why."""
    remarked = grouped(
        (remark, used.name)
        for used in found.respondents
        for remark in dict.fromkeys(chain(*used.remarks.values()))
    )
    yield from (f"{_listed(names)}: {remark}" for remark, names in remarked.items())
    yield from dict.fromkeys(skipped.reason for skipped in found.skipped)
    yield from _left_out(found)
    yield from _not_asked(found)


def _not_asked(found: Invariance) -> Iterator[str]:
    """Say which probes were not asked, of what, and why."""
    silent = [p for p in found.probes if p.verdict == "not asked"]
    for (probe, reason), of in grouped(((p.probe, p.reason), p) for p in silent).items():
        if reason == PROBES[probe].impossible:
            of_what = f"in {_listed(p.format for p in of)}"
        elif of[0].function in PROBES[probe].not_for:
            of_what = f"of {_listed(p.function for p in of)}"
        else:
            of_what = f"of {_listed(p.implementation for p in of)}"
        yield f"{probe} {of_what} not asked: {reason}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _left_out(found: Invariance) -> Iterator[str]:
    """Say of each format and each c in how many rows a shift is exact."""
    ways: dict[str, dict[str, tuple[int, int]]] = {}
    for probed in found.probes:
        if any(way.left_out for way in probed.ways):
            there = {way.way: (way.rows, way.rows + way.left_out) for way in probed.ways}
            ways.setdefault(probed.format, there)
    for form, there in ways.items():
        yield f"shift in {form}, rows in which no sum is rounded: {_rows_of(there)}"


def _rows_of(ways: Mapping[str, tuple[int, int]]) -> str:
    """Give the rows of each c, both signs at once where they have as many."""
    parts, whole = [], next(iter(ways.values()))[1]
    for way, (rows, _) in ways.items():
        other = f"{'-' if way[0] == '+' else '+'}{way[1:]}"
        if ways.get(other, (0, 0))[0] != rows:
            parts.append(f"{minus(way)}:{NO_BREAK}{rows}")
        elif way[0] == "+":
            parts.append(f"±{way[1:]}:{NO_BREAK}{rows}")
    first, *rest = parts
    return "; ".join([f"c{NO_BREAK}={NO_BREAK}{first} of {whole}", *rest])


def missing(found: Invariance) -> Iterator[str]:
    """Say which answers are missing, and why."""
    silent = (p for p in found.probes if not p.answered)
    for of in grouped(((p.implementation, p.reason), p) for p in silent).values():
        names = list(dict.fromkeys(p.name for p in of))
        more = f" and {count(len(names) - 1, 'more cell')}" if len(names) > 1 else ""
        whole = len(of) == sum(p.name in names and p.verdict != "not asked" for p in found.probes)
        probes = "" if whole else f"{_listed(p.probe for p in of)} of "
        yield f"{probes}{names[0]}{more}: {of[0].reason}"


def differing(found: Invariance) -> Iterator[tuple[str, list[str]]]:
    """Give the probes that change a result, each with what that means and its largest distances."""
    differ = [
        p for p in found.probes
        if p.verdict == "differs" and (p.probe == CONTROL or p.implementation not in found.unsteady)
    ]  # fmt: skip
    for probe, of in grouped((p.probe, p) for p in _ordered(differ)).items():
        worst = grouped((p.implementation, p) for p in of)
        lines = [_largest(cells) for cells in worst.values()]
        if probe == CONTROL:
            lines.append(f"no other probe proves anything of {_listed(worst)}")
        yield probe, [PROBES[probe].meaning, *lines]


def _ordered(probed: Sequence[Probed]) -> list[Probed]:
    order = list(PROBES)
    return sorted(probed, key=lambda p: order.index(p.probe))


def _largest(cells: Sequence[Probed]) -> str:
    probed = max(cells, key=lambda p: p.distance or 0.0)
    way = probed.worst
    assert way is not None
    assert way.largest is not None
    return f"{probed.name} {difference_words(probed.probe, way, way.largest)}"


def difference_words(probe: str, way: Compared, there: Difference) -> str:
    """Say where two results are, what they are, and how far apart."""
    first, second = apart(there.first, there.second)
    size = f"{ulps(there.ulp)}{NO_BREAK}ULP"
    return f"{place(there.index)}: {first}, and {second} {way_words(probe, way.way)}, {size}"


def way_words(probe: str, way: str) -> str:
    """Name a way to ask, as it stands behind a result."""
    if probe == "shift":
        return f"after{NO_BREAK}{minus(way)}"
    return way.replace(" ", NO_BREAK)


def same(found: Invariance) -> Iterator[str]:
    """Name those who gave the same results whichever way they were asked."""
    of = grouped((p.implementation, p.verdict) for p in found.probes)
    steady = [name for name, verdicts in of.items() if set(verdicts) <= {"same", "not asked"}]
    asked = [name for name in steady if "same" in of[name]]
    if asked:
        yield f"{', '.join(asked)}: the same results in every way that was asked"
