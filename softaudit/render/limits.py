"""The limits of formats, as a table or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from softaudit.render.terminal import to_text
from softaudit.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from softaudit.render.screen import Screen
    from softaudit.studies.limits import Limits


def _power(exponent: int) -> str:
    return f"2^{exponent}"


def _figure(value: float) -> str:
    return shorten(repr(value), 5)


_ROWS: tuple[tuple[str, Callable[[Limits], str]], ...] = (
    ("precision p, in bits", lambda f: str(f.precision)),
    ("ulp of 1", lambda f: _power(1 - f.precision)),
    ("largest number", lambda f: _figure(f.largest)),
    ("least normal number", lambda f: _figure(f.least_normal)),
    ("least subnormal number", lambda f: _figure(f.least_subnormal)),
    ("overflow gives", lambda f: f.overflow_gives),
    ("exp overflows above", lambda f: shorten(f.exp_overflows, 5)),
    ("  last logit before", lambda f: shorten(repr(f.last_finite), 5)),
    ("exp is subnormal below", lambda f: shorten(f.exp_subnormal, 5)),
    ("  last logit before", lambda f: shorten(repr(f.last_normal), 5)),
    ("exp is 0 below", lambda f: shorten(f.exp_zero, 5)),
    ("  last logit before", lambda f: shorten(repr(f.last_nonzero), 5)),
    ("sum of ones stalls at", lambda f: _ones(f.ones_stall)),
    ("sum of ones overflows at", lambda f: _ones(f.ones_overflow)),
)


def _ones(number: int) -> str:
    return str(number) if number < 10**6 else shorten(str(number), 5)


def render_table(found: Sequence[Limits], screen: Screen) -> str:
    """Lay out one column per format, as many beside each other as the width allows."""
    labels = max(len(label) for label, _ in _ROWS) + 2
    each = max(len(f.format) for f in found) + 2
    at_once = max(1, (screen.width - labels + 2) // each)
    parts = [found[i : i + at_once] for i in range(0, len(found), at_once)]
    blocks = [block for part in parts for block in (_table(part), "")]
    return to_text(Group(*blocks, Text(_NOTE, style="dim")), screen)


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
