"""softaudit compare: judge outputs that somebody saved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, cast

import typer

from softaudit.cli import settings
from softaudit.cli.asking import (
    Against,
    Axis,
    Device,
    Jobs,
    Key,
    Names,
    Reference,
    Row,
    Sample,
    Temperature,
    Timeout,
    When,
    Worst,
    check_row,
    processors,
    row_index,
    say_details,
)
from softaudit.cli.judging import Judging
from softaudit.cli.options import named, one, several, with_groups
from softaudit.cli.output import ShownAndSaved
from softaudit.errors import OptionError
from softaudit.implementations import CPU, TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from softaudit.answers import Given, Running
    from softaudit.implementations.outputs import OutputFile
    from softaudit.model import Audit, CellKey, Function, Logits, Plan

Source = typer.Argument(metavar="LOGITS", help="What the outputs were computed from, as for check.")
Outputs = typer.Argument(
    metavar="OUTPUTS...", help="What was computed, in any of the same file types."
)


@dataclass(frozen=True, slots=True)
class Compared:
    """The options that say what the outputs are, and how to judge them."""

    function: Annotated[
        str, one("function", "What was computed: softmax, log_softmax, logsumexp.")
    ] = "softmax"
    format: Annotated[
        str | None,
        one("format", "The outputs' format, where their file has a wider one.", show_default=False),
    ] = None
    logits_format: Annotated[
        str | None,
        one(
            "logits-format",
            "What logits were rounded to before; as in the file by default.",
            show_default=False,
        ),
    ] = None
    temperature: Temperature = 1.0
    axis: Axis = -1
    key: Key = None
    outputs_key: Annotated[
        Names,
        several("outputs-key", "Arrays of OUTPUTS: names or patterns, as for --key."),
    ] = None
    sample: Sample = None
    row: Row = None
    reference: Reference = "certified"
    worst: Worst = 5
    against: Against = None
    device: Device = CPU
    timeout: Timeout = TIMEOUT
    jobs: Jobs = None
    progress: When = "auto"

    def check(self) -> None:
        """Refuse what no outputs could make right."""
        from softaudit.algorithms import ALGORITHMS
        from softaudit.cli.progress import MODES
        from softaudit.formats import FORMATS
        from softaudit.keys import known
        from softaudit.plan import check_temperature
        from softaudit.reference import METHODS

        check_row(self.row, self.sample)
        known(self.function, ALGORITHMS, "function")
        for form in filter(None, (self.format, self.logits_format)):
            known(form, FORMATS, "format")
        known(self.progress, MODES, "progress")
        known(self.reference, METHODS, "reference")
        check_temperature(self.temperature)

    def read_logits(self, word: str) -> Logits:
        """Read the logits, one array."""
        from softaudit import sources

        arrays = sources.read(word, axis=self.axis, key=self.key)
        if len(arrays) > 1:
            names = ", ".join(str(logits.key) for logits in arrays)
            raise OptionError(f"{word}: has several arrays; name one with --key: {names}")
        return arrays[0]

    def read_outputs(self, words: Sequence[str], logits: Logits) -> list[OutputFile]:
        """Read outputs, each under a name of its own.

        Raises
        ------
        InputError
            If they cannot be the logits' outputs.
        """
        from softaudit.formats import FORMATS
        from softaudit.implementations.outputs import read_all

        return read_all(
            words,
            logits,
            cast("Function", self.function),
            keys=tuple(self.outputs_key or ()),
            form=None if self.format is None else FORMATS[self.format],
            axis=self.axis,
            temperature=self.temperature,
        )

    def plan(self, logits: Logits, keys: Sequence[CellKey]) -> Plan:
        """Plan what to ask."""
        from softaudit.model import Plan

        return Plan(
            tuple(keys),
            temperature=self.temperature,
            reference=self.reference,
            worst=self.worst,
            sample=self.sample,
            row=None if self.row is None else row_index(self.row, logits),
            logits_format=self.posed_in,
        )

    @property
    def posed_in(self) -> str:
        """What logits are rounded to for the problem: as they are, by default."""
        from softaudit.keys import AS_READ

        return self.logits_format or AS_READ


@with_groups
def command(
    *,
    context: typer.Context,
    word: Annotated[str, Source],
    words: Annotated[list[str], Outputs],
    compared: Compared,
    judging: Judging,
    shown: ShownAndSaved,
) -> None:
    """Judge outputs that somebody's code computed from logits, side by side.

    The outputs' dtype says their format.  Logits are taken as the file has them, not rounded,
    unless --logits-format says what they were rounded to before.
    """
    from softaudit.cli.ending import end
    from softaudit.cli.interrupt import deferred
    from softaudit.cli.output import Results
    from softaudit.report import make_report

    compared.check()
    criteria = judging.criteria(named(context))
    read = [word, *words, str(settings.nearest().path), *judging.files()]
    with (
        Results(shown, judging.write_baseline, read, worst=shown.save_worst) as results,
        deferred() as stopped,
    ):
        logits = compared.read_logits(word)
        results.check_savable([logits])
        outputs = compared.read_outputs(words, logits)
        elements = compared.row is not None and not (shown.quiet or shown.columns)
        audit = _judged(logits, outputs, compared, stopped, elements=elements)
        code = end(make_report([audit]), [logits], criteria, results)
    raise typer.Exit(judging.exit_code(code))


def _judged(
    logits: Logits,
    outputs: Sequence[OutputFile],
    compared: Compared,
    stopped: Callable[[], bool],
    *,
    elements: bool,
) -> Audit:
    from softaudit.against import with_ratios
    from softaudit.answers import Answers, Given
    from softaudit.audit import audit, chosen_rows
    from softaudit.cli.progress import Progress
    from softaudit.keys import given_key
    from softaudit.model import Used

    keys = [
        given_key(compared.function, one.format.name, one.name, logits=compared.posed_in)
        for one in outputs
    ]
    used = [
        Used(
            one.name,
            sha256=one.sha256,
            command=one.word,
            remarks={key.name: one.remarks} if one.remarks else {},
        )
        for one, key in zip(outputs, keys, strict=True)
    ]
    given = [Given(one.values, about) for one, about in zip(outputs, used, strict=True)]
    trusted, more, running = _trusted(compared, outputs, keys)
    plan = replace(compared.plan(logits, [*keys, *more]), elements=elements)
    rows = len(chosen_rows(logits, plan))
    told = Progress(compared.progress, stopped)
    with (
        Answers([*given, *running]) as answers,
        told.of(logits.name, rows, logits.columns, starts=bool(running)) as heard,
    ):
        answers.heed(stopped)
        jobs = compared.jobs or processors()
        try:
            judged = audit(logits, plan, jobs=jobs, heard=heard, answers=answers)
        finally:
            say_details(answers.details())
    return judged if trusted is None else with_ratios(judged, trusted)


def _trusted(
    compared: Compared, outputs: Sequence[OutputFile], keys: Sequence[CellKey]
) -> tuple[str | None, list[CellKey], list[Given | Running]]:
    """Give who is trusted by its name in cells, its cells, and who answers in them.

    Outputs are trusted by their name, by their cell's, or by their file; then there is nothing to
    add.
    """
    from softaudit.algorithms import ALGORITHM_NAMES, ALGORITHMS
    from softaudit.answers import Running
    from softaudit.implementations.outputs import trusted_among
    from softaudit.keys import given_key, known, make_key, posed_from
    from softaudit.others import choose, find_all

    word = compared.against
    of_cell = {key.name: key.algorithm for key in keys}
    among = None
    if word is not None and word not in ALGORITHM_NAMES:
        among = trusted_among(of_cell.get(word, word), outputs)
    if word is None or among is not None or word in ALGORITHM_NAMES:
        find_all((), compared.device)  # where nobody runs, no device is taken
    if word is None or among is not None:
        return None if among is None else among.name, [], []
    formats = list(dict.fromkeys(key.arithmetic.storage.name for key in keys))
    if word in ALGORITHM_NAMES:
        known(word, ALGORITHMS[compared.function], f"algorithm of {compared.function}")
        own = [make_key(compared.function, form, word) for form in formats]
        posed = [posed_from(key.arithmetic, compared.posed_in) for key in own]
        return word, [replace(k, arithmetic=a) for k, a in zip(own, posed, strict=True)], []
    (one,) = choose((word,), None, compared.device).implementations
    cells = [
        given_key(compared.function, form, one.name, logits=compared.posed_in)
        for form in formats
        if form in one.formats and compared.function in one.functions
    ]
    if not cells:
        takes = ", ".join((*one.functions, *one.formats))
        raise OptionError(f"--against {word}: takes {takes}")
    return one.name, cells, [Running(one, compared.timeout)]
