"""The limits of formats, as a table or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from softaudit.render.layout import Fixed, to_text
from softaudit.wording import shorten, telling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from softaudit.render.screen import Screen
    from softaudit.studies.limits import Limits


def _power(exponent: int) -> str:
    return f"2^{exponent}"


def _figure(value: float) -> str:
    return shorten(format(Decimal(value), "e"), 5)


def _threshold(which: str, last: str) -> tuple[Callable[[Limits], str], Callable[[Limits], str]]:
    """Show a threshold and the last logit before it, with digits enough to tell them apart."""

    def threshold(f: Limits) -> str:
        return telling(getattr(f, which), getattr(f, last), 5)

    def last_logit(f: Limits) -> str:
        return telling(repr(getattr(f, last)), getattr(f, which), 5)

    return threshold, last_logit


_OVERFLOW = _threshold("exp_overflows", "last_finite")
_SUBNORMAL = _threshold("exp_subnormal", "last_normal")
_ZERO = _threshold("exp_zero", "last_nonzero")


_ROWS: tuple[tuple[str, Callable[[Limits], str]], ...] = (
    ("precision p, in bits", lambda f: str(f.precision)),
    ("ulp of 1", lambda f: _power(1 - f.precision)),
    ("largest number", lambda f: _figure(f.largest)),
    ("least normal number", lambda f: _figure(f.least_normal)),
    ("least subnormal number", lambda f: _figure(f.least_subnormal)),
    ("overflow gives", lambda f: f.overflow_gives),
    ("exp overflows above", _OVERFLOW[0]),
    ("  last logit before", _OVERFLOW[1]),
    ("exp is subnormal below", _SUBNORMAL[0]),
    ("  last logit before", _SUBNORMAL[1]),
    ("exp is 0 below", _ZERO[0]),
    ("  last logit before", _ZERO[1]),
    ("sum of ones stalls at", lambda f: _ones(f.ones_stall)),
    ("sum of ones overflows at", lambda f: _ones(f.ones_overflow)),
)


def rows(found: Limits) -> list[tuple[str, str]]:
    """Give the limits of one format as labels and figures."""
    return [(label, show(found)) for label, show in _ROWS]


def _ones(number: int) -> str:
    return str(number) if number < 10**17 else shorten(str(number), 5)


def render_table(found: Sequence[Limits], screen: Screen) -> str:
    """Lay out one column per format, as many beside each other as the width allows."""
    labels = max(len(label) for label, _ in _ROWS) + 2
    texts = [text for f in found for text in (f.format, *(show(f) for _, show in _ROWS))]
    each = max(map(len, texts)) + 2
    at_once = max(1, (screen.width - labels + 2) // each)
    parts = [found[i : i + at_once] for i in range(0, len(found), at_once)]
    blocks = [to_text(Fixed(_table(part)), screen) + "\n" for part in parts]
    return "".join(blocks) + to_text(Text(_NOTE, style="dim"), screen)


_NOTE = (
    "A sequential sum of ones stalls: 1 more no longer changes it.  A sum that does not stall, "
    "pairwise or wider, overflows at the row length given."
)


def _table(found: Sequence[Limits]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True, min_width=max(len(label) for label, _ in _ROWS))
    for f in found:
        table.add_column(f.format, justify="right", no_wrap=True)
    for label, show in _ROWS:
        table.add_row(label, *(show(f) for f in found))
    return table


def render_json(found: Sequence[Limits], screen: Screen) -> str:  # noqa: ARG001
    """Give every figure, thresholds with 25 digits."""
    return json.dumps({"schema": 1, "limits": [asdict(f) for f in found]}, allow_nan=False) + "\n"


LIMITS_RENDERERS: dict[str, Callable[[Sequence[Limits], Screen], str]] = {
    "table": render_table,
    "json": render_json,
}
