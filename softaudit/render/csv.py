"""Cells as comma-separated values (RFC 4180): one line for each, every figure in its column.

A line is one cell of one input; what all inputs together say of a cell is no line among them, since
whoever adds up a column would count it twice.

Columns are named as the JSON contract names figures; they are the same for every report.  Numbers
are not rounded, NaN and infinities are nan, inf, -inf, and not applicable is empty.  Lines end
with CR LF, as the RFC has it.

A name that a spreadsheet would take for a formula, because it begins with = + - or @, gets an
apostrophe in front: opening a table must not run what somebody called a file.  Numbers are left as
they are, and control characters are escaped, so that a line of text is a cell.
"""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Any

from softaudit.json_v1 import CELL_FIGURES, audit_to_json
from softaudit.render.facts import line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from softaudit.render.screen import Screen
    from softaudit.report import Report

ABOUT = (
    "input", "source.name", "source.key", "source.format", "source.shape", "source.axis",
    "source.rows", "source.columns", "source.sha256", "row", "sampled", "partial", "temperature",
    "reference.method", "reference.undecided", "reference.ulp_radius",
)  # fmt: skip
NAMES = (
    "name", "function", "format", "compute", "accumulate", "order", "subnormals", "saturate",
    "algorithm", "block_size", "implementation", "against",
)  # fmt: skip
WORST = ("index", "logit", "computed", "exact", "ulp", "relative", "cause")
COLUMNS = (*ABOUT, *NAMES, *CELL_FIGURES, *(f"worst.{name}" for name in WORST))


def render(report: Report, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render the cells of a report as a table, the same bytes for the same report."""
    yield written([COLUMNS])
    for audit in report.audits:
        yield written(_lines(audit_to_json(audit)))


def written(lines: Iterable[Sequence[Any]]) -> str:
    """Give lines as the format has them."""
    text = StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue()


def _lines(audit: dict[str, Any]) -> Iterator[list[Any]]:
    for cell in audit["cells"]:
        worst = cell["worst"][0] if cell["worst"] else {}
        found = {**audit, **cell, "worst": worst}
        yield [field(name, _under(found, name)) for name in COLUMNS]


def _under(document: Any, dotted: str) -> Any:
    """Give what stands under a dotted name, or None."""
    for name in dotted.split("."):
        document = None if document is None else document.get(name)
    return document


def field(name: str, value: Any) -> Any:
    """Give what stands in a column, so that no spreadsheet takes text for a formula."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ("x" if name == "source.shape" else ",").join(map(str, value))
    return _harmless(line(value)) if isinstance(value, str) else value


def _harmless(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula, numbers apart."""
    try:
        float(text)
    except ValueError:
        return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
    return text
