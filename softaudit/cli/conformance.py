"""softaudit conformance: what implementations make of the rows that they disagree on."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from softaudit.cli import completion
from softaudit.cli.asking import Names, When  # noqa: TC001  options are read as types
from softaudit.cli.interrupt import INTERRUPTED
from softaudit.cli.judging import FAILED
from softaudit.cli.options import several, split, with_groups
from softaudit.cli.output import Written
from softaudit.cli.respondents import Functions, Respondents
from softaudit.errors import UnjudgedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from softaudit.studies.conforming import Conformance
    from softaudit.studies.respondents import Respondent


@dataclass(frozen=True, slots=True)
class Chosen:
    """The options that say what is asked."""

    functions: Functions = None
    formats: Annotated[
        Names,
        several(
            "format",
            "float16, bfloat16, float32, float64 by default; float8_e4m3fn, float8_e5m2.",
        ),
    ] = None
    edge_rows: Annotated[
        Names,
        typer.Option(
            "--edge-row",
            help="Edge rows, such as all-masked, one-infinity, 'gap*'; all by default.",
            metavar="NAMES",
            autocompletion=completion.several("edge-row"),
        ),
    ] = None
    progress: When = "auto"

    def check(self) -> dict[str, tuple[str, ...]]:
        """Give functions, formats and edge rows by name, in display order.

        Raises
        ------
        OptionError
            For an unknown name.
        """
        from softaudit.algorithms import ALGORITHMS
        from softaudit.cli.progress import MODES
        from softaudit.formats import FORMATS
        from softaudit.keys import known
        from softaudit.plan import DEFAULT_FORMATS
        from softaudit.studies.edge_rows import EDGE_ROWS

        known(self.progress, MODES, "progress")
        return {
            "functions": _chosen(self.functions, ALGORITHMS, "function"),
            "formats": _chosen(self.formats, FORMATS, "format") or DEFAULT_FORMATS,
            "edge_rows": _chosen(self.edge_rows, EDGE_ROWS, "edge row"),
        }


def _chosen(words: Names, choices: Iterable[str], what: str) -> tuple[str, ...]:
    """Give the choices that are named, or that a pattern such as `gap*` fits."""
    from softaudit.keys import known

    named: set[str] = set()
    for word in split(words):
        fitting = fnmatch.filter(choices, word) if what == "edge row" else []
        named |= set(fitting) or {known(word, choices, what)}
    return tuple(name for name in choices if name in named)


@with_groups
def command(
    *,
    chosen: Chosen,
    respondents: Respondents,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 if any answer is off or missing.")
    ] = False,
    written: Written,
) -> None:
    """Show what implementations make of the rows that they disagree on.

    Masked rows, infinities, NaN, empty rows, subnormal numbers, the format's largest and lowest
    ones, sums that overflow or stall, shifts, huge gaps: with the exact or the usual answer.
    """
    from softaudit.cli.interrupt import deferred
    from softaudit.cli.output import Results
    from softaudit.render.conformance import CONFORMANCE_RENDERERS

    asked = chosen.check()
    results = Results(written, None, respondents.files(), renderers=CONFORMANCE_RENDERERS)
    with deferred() as stopped, results, respondents.started(stopped) as who:
        found = replace(_conformance(who, asked, chosen.progress, stopped), strict=strict)
        unasked = {one.name: found.unasked(one.name) for one in found.respondents}
        if found.partial is None and None not in unasked.values():
            respondents.check_asked(unasked)
        results.write(found)
    if found.partial is not None:
        raise typer.Exit(INTERRUPTED)
    respondents.check_asked(unasked)
    _check_answered(found)
    if strict and found.fails:
        raise typer.Exit(FAILED)


def _conformance(
    who: Sequence[Respondent],
    asked: dict[str, Any],
    progress: str,
    stopped: Callable[[], bool],
) -> Conformance:
    from softaudit.cli.progress.questions import QuestionProgress
    from softaudit.studies.conformance import conformance

    told = QuestionProgress(progress)

    def heard(name: str, done: int, whole: int) -> bool:
        told.heard(name, done, whole)
        return stopped()

    try:
        return conformance(who, **asked, heard=heard)
    finally:
        told.end()


def _check_answered(found: Conformance) -> None:
    """Refuse to call it done where somebody answered nothing at all."""
    for respondent in found.respondents:
        replies = [question.of(respondent.name) for question in found.questions]
        asked = [reply for reply in replies if reply.verdict != "not asked"]
        if asked and all(reply.verdict == "no answer" for reply in asked):
            raise UnjudgedError(f"{respondent.name} answers nothing: {asked[0].reason}")
