"""softaudit invariance: whether results are the same when the question is asked in another way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from softaudit.cli import completion
from softaudit.cli.asking import Axis, Key, Names, When  # noqa: TC001  options are read as types
from softaudit.cli.interrupt import INTERRUPTED
from softaudit.cli.judging import FAILED
from softaudit.cli.options import one, several, split, with_groups
from softaudit.cli.output import WrittenOfFour
from softaudit.cli.respondents import Functions, Respondents
from softaudit.errors import OptionError, UnjudgedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from softaudit.model import Logits
    from softaudit.studies.probed import Invariance
    from softaudit.studies.respondents import Respondent

Input = typer.Argument(
    metavar="INPUT", help="A file of logits, - for standard input, or literal logits: '[40, 0]'."
)


@dataclass(frozen=True, slots=True)
class Probing:
    """The options that say what is asked, about which rows, and how."""

    functions: Functions = None
    formats: Annotated[
        Names, several("format", "float16, bfloat16 and float32 by default, and all others.")
    ] = None
    probes: Annotated[
        Names,
        typer.Option(
            "--probe",
            help="shift, permutation, batch, layout, threads, run; all by default.",
            metavar="NAMES",
            autocompletion=completion.several("probe"),
        ),
    ] = None
    axis: Axis = -1
    key: Key = None
    sample: Annotated[
        int | None,
        one(
            "sample",
            "Only N evenly spaced rows; by default as many as have some 262144 logits.",
            min=1,
            metavar="N",
            show_default=False,
        ),
    ] = None
    progress: When = "auto"

    def named(self) -> dict[str, Sequence[str]]:
        """Give what is named, checked; what is not takes its default."""
        from softaudit.algorithms import ALGORITHMS
        from softaudit.formats import FORMATS
        from softaudit.keys import known
        from softaudit.studies.probes import PROBES

        asked: dict[str, tuple[Names, Mapping[str, Any], str]] = {
            "functions": (self.functions, ALGORITHMS, "function"),
            "formats": (self.formats, FORMATS, "format"),
            "probes": (self.probes, PROBES, "probe"),
        }
        return {
            option: tuple(dict.fromkeys(known(name, choices, what) for name in split(names)))
            for option, (names, choices, what) in asked.items()
            if names
        }


@with_groups
def command(
    *,
    word: Annotated[str, Input],
    probing: Probing,
    respondents: Respondents,
    most: Annotated[
        float | None,
        typer.Option(
            "--most",
            help="Exit with 1 if any distance is above this, in ulp.",
            metavar="ULP",
            min=0,
            show_default=False,
        ),
    ] = None,
    written: WrittenOfFour,
) -> None:
    """Ask implementations in several ways, and show where their results are not the same.

    The distance between two results is in ulp of the exact value, as every error is.  Without
    --most the exit code is 0 whatever is found.
    """
    from softaudit.cli.interrupt import deferred
    from softaudit.cli.output import Results
    from softaudit.cli.progress import MODES
    from softaudit.keys import known
    from softaudit.render.invariance import INVARIANCE_RENDERERS

    known(probing.progress, MODES, "progress")
    probing.named()
    files = [word, *respondents.files()]
    results = Results(written, None, files, renderers=INVARIANCE_RENDERERS)
    with deferred() as stopped, results:
        logits = _read(word, probing)
        with respondents.started(stopped) as asked:
            found = _found(logits, asked, probing, stopped)
        unasked = {one.name: found.unasked(one.name) for one in found.respondents}
        if found.partial is None and None not in unasked.values():
            respondents.check_asked(unasked)
        results.write(found)
    if found.partial is not None:
        raise typer.Exit(INTERRUPTED)
    respondents.check_asked(unasked)
    end(found, most)


def _read(word: str, probing: Probing) -> Logits:
    from softaudit import sources

    found = sources.read(word, axis=probing.axis, key=probing.key)
    if len(found) > 1:
        names = ", ".join(str(logits.key) for logits in found)
        raise OptionError(f"{word}: has several arrays; name one with --key: {names}")
    return found[0]


def _found(
    logits: Logits, asked: Sequence[Respondent], probing: Probing, stopped: Callable[[], bool]
) -> Invariance:
    from softaudit.cli.progress import Progress
    from softaudit.studies.invariance import chosen_rows, invariance

    rows = len(chosen_rows(logits, probing.sample))
    with Progress(probing.progress, stopped).of(
        logits.name, rows, logits.columns, starts=True
    ) as heard:
        return invariance(
            logits,
            asked,
            sample=probing.sample,
            heard=lambda part: heard(part * rows),
            **probing.named(),
        )


def end(found: Invariance, most: float | None) -> None:
    """End with what the findings are worth; an answer that is missing is no verdict.

    Raises
    ------
    UnjudgedError
        If there are no answers at all; if distances have a limit, and one is missing.
    """
    silent = [probed for probed in found.probes if not probed.answered]
    if silent and not any(probed.ways for probed in found.probes):
        raise UnjudgedError(f"{silent[0].name}: no answer, nor any other: {silent[0].reason}")
    if most is None:
        return
    if silent:
        raise UnjudgedError(f"{silent[0].name}: no answer to judge by --most: {silent[0].reason}")
    if any((probed.distance or 0.0) > most for probed in found.probes):
        raise typer.Exit(FAILED)
