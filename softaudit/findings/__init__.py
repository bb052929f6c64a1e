"""What breaks, why, and what to do: one set of sentences for every output.

A cell *breaks* where it returns NaN or ±∞ for a number that the format holds, where it returns a
zero (or log of zero) too early, or where the cast took whole rows.  It *loses* where a step costs
it far more than rounding.  It *holds* otherwise.  Counts and first places come with every such
sentence.  More kinds compare: where *errors* come from, what is *closer*, naive or stable, and how
cells stand *against* those of a trusted algorithm.

A kind is one file, one line of `KINDS` and one word of `finding.Kind`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.findings.against import against, beside
from softaudit.findings.breaks import breaks, lost_rows
from softaudit.findings.closer import closer
from softaudit.findings.errors import errors
from softaudit.findings.finding import Finding, Kind
from softaudit.findings.holds import holds, narrowest
from softaudit.findings.loses import loses
from softaudit.findings.notes import notes
from softaudit.findings.words import arithmetic_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from softaudit.model import Audit

__all__ = [
    "KINDS",
    "Finding",
    "Kind",
    "arithmetic_words",
    "beside",
    "findings",
    "left_out",
    "narrowest",
]

KINDS: Mapping[Kind, Callable[[Audit], Iterator[Finding]]] = {
    "note": notes,
    "breaks": breaks,
    "loses": loses,
    "errors": errors,
    "closer": closer,
    "against": against,
    "holds": holds,
}
"""What gives the sentences of each kind, in display order."""


def findings(audit: Audit) -> tuple[Finding, ...]:
    """Give the sentences about an audit, kind by kind."""
    return tuple(finding for kind in KINDS.values() for finding in kind(audit))


def left_out(audit: Audit) -> tuple[Finding, ...]:
    """Give the sentences about what no figure covers: rows, cells, undecided values."""
    return (*notes(audit), *lost_rows(audit))
