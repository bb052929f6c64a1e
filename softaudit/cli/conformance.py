"""softaudit conformance: what implementations make of the rows that they disagree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from softaudit.cli import completion
from softaudit.cli.options import split, with_groups
from softaudit.cli.output import Written
from softaudit.cli.respondents import Respondents
from softaudit.errors import UnjudgedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from softaudit.studies.conforming import Conformance
    from softaudit.studies.respondents import Respondent

FAILED = 1

Names = list[str] | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The options that say what is asked."""

    functions: Annotated[
        Names,
        typer.Option(
            "--function",
            help="softmax and log_softmax by default, of a user's function what its name says.",
            metavar="NAMES",
            autocompletion=completion.several("function"),
        ),
    ] = None
    formats: Annotated[
        Names,
        typer.Option(
            "--format",
            help="float16, bfloat16, float32, float64 by default; float8_e4m3fn, float8_e5m2.",
            metavar="NAMES",
            autocompletion=completion.several("format"),
        ),
    ] = None
    edge_rows: Annotated[
        Names,
        typer.Option(
            "--edge-row",
            help="Edge rows, such as all-masked, one-infinity, gap-40; all by default.",
            metavar="NAMES",
            autocompletion=completion.several("edge-row"),
        ),
    ] = None

    def check(self) -> dict[str, tuple[str, ...]]:
        """Give functions, formats and edge rows by name, in display order.

        Raises
        ------
        OptionError
            For an unknown name.
        """
        from softaudit.algorithms import ALGORITHMS
        from softaudit.formats import FORMATS
        from softaudit.plan import DEFAULT_FORMATS
        from softaudit.studies.edge_rows import EDGE_ROWS

        return {
            "functions": _chosen(self.functions, ALGORITHMS, "function"),
            "formats": _chosen(self.formats, FORMATS, "format") or DEFAULT_FORMATS,
            "edge_rows": _chosen(self.edge_rows, EDGE_ROWS, "edge row"),
        }


def _chosen(words: Names, choices: Any, what: str) -> tuple[str, ...]:
    from softaudit.keys import known

    named = {known(name, choices, what) for name in split(words)}
    return tuple(name for name in choices if name in named)


@with_groups
def command(
    *,
    chosen: Chosen,
    respondents: Respondents,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 if any answer deviates.")
    ] = False,
    written: Written,
) -> None:
    """Show what implementations make of the rows that they disagree on.

    Masked rows, infinities, NaN, empty rows, subnormal numbers, the format's largest and lowest
    ones, sums that overflow or stall, shifts, huge gaps: with the exact or the usual answer.
    """
    from softaudit.cli.output import Results
    from softaudit.render.conformance import CONFORMANCE_RENDERERS

    asked, who = chosen.check(), respondents.found()
    with Results(written, None, respondents.files(), renderers=CONFORMANCE_RENDERERS) as results:
        found = _conformance(who, asked)
        results.write(found)
    _check_answered(found)
    if strict and found.deviations:
        raise typer.Exit(FAILED)


def _conformance(who: Sequence[Respondent], asked: dict[str, Any]) -> Conformance:
    from softaudit.cli.progress.questions import QuestionProgress
    from softaudit.studies.conformance import conformance

    told = QuestionProgress()
    try:
        return conformance(who, **asked, heard=told.heard)
    finally:
        told.end()


def _check_answered(found: Conformance) -> None:
    """Refuse to call it done where somebody answered nothing at all."""
    for respondent in found.respondents:
        replies = [question.of(respondent.name) for question in found.questions]
        asked = [reply for reply in replies if reply.verdict != "not asked"]
        if asked and all(reply.verdict == "no answer" for reply in asked):
            raise UnjudgedError(f"{respondent.name} answers nothing: {asked[0].reason}")
