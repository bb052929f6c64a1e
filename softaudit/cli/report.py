"""softaudit report: many files, one report."""

from __future__ import annotations

import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from softaudit.cli import settings
from softaudit.cli.asking import Asked
from softaudit.cli.files import is_same, spells
from softaudit.cli.interrupt import INTERRUPTED
from softaudit.cli.judging import FAILED, Judging
from softaudit.cli.options import named, variable, with_groups
from softaudit.cli.output import Shown
from softaudit.errors import InputError, OptionError
from softaudit.wording import count, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from softaudit.batch.journal import Journal
    from softaudit.batch.plan import File
    from softaudit.report import Report

Paths = typer.Argument(
    metavar="PATH...", help="Files of logits, directories, or globs such as 'run*/layer*.npy'."
)


@dataclass(frozen=True, slots=True)
class Batch:
    """The options that say which files are taken, and how a run goes on."""

    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include",
            help="In directories, only files whose name, or path below, matches.  Repeatable.",
            envvar=variable("include"),
            metavar="GLOB",
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            help="No file whose name, or path below, matches.  Repeatable.",
            envvar=variable("exclude"),
            metavar="GLOB",
        ),
    ] = None
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit 2 if a file is skipped.", envvar=variable("strict")),
    ] = False
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Take over what a run that was interrupted had done."),
    ] = False
    journal: Annotated[
        str | None,
        typer.Option(
            "--journal",
            help="Where what is done is kept, also for later runs; by default beside the first -o, "
            "until the report is written.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="A line for each file, on standard error.")
    ] = False

    def files(self, words: Sequence[str], outputs: Sequence[str]) -> tuple[File, ...]:
        """Find the files to audit; the last run's report is none of them, unless it is named."""
        from softaudit.batch.plan import find
        from softaudit.cli.progress import say

        found = find(words, self.include or (), self.exclude or ())
        if found.others and not self.include:
            kinds = ", ".join(f"{n} {suffix or 'no suffix'}" for suffix, n in found.others.items())
            number = plain(count(sum(found.others.values()), "file"))
            say(f"{number} of other types left out ({kinds}); --include takes them")
        return tuple(
            file
            for file in found.files
            if file.path in words or not _is_last_report(file.path, outputs)
        )

    def place(self, outputs: Sequence[str]) -> Path | None:
        """Say where the journal is; None for nowhere that a later run would find it.

        Raises
        ------
        OptionError
            If there is nothing to resume from, or an output is there.
        """
        if self.journal is not None:
            if any(spells(self.journal, path) for path in outputs):
                raise OptionError(f"{self.journal}: is to be written twice; name another journal")
            return Path(self.journal)
        if outputs:
            return Path(f"{outputs[0]}.journal")
        if self.resume:
            raise OptionError("--resume: name the output again with -o, or --journal FILE")
        return None


def _is_last_report(path: str, outputs: Sequence[str]) -> bool:
    """Tell a table of cells, which an earlier run wrote, from logits that nobody may write over."""
    from softaudit.render.csv import COLUMNS

    if not any(is_same(path, output) for output in outputs):
        return False
    with Path(path).open("rb") as file:
        return file.readline().decode("ascii", "replace").rstrip() == ",".join(COLUMNS)


@with_groups
def command(
    *,
    context: typer.Context,
    paths: Annotated[list[str], Paths],
    batch: Batch,
    asked: Asked,
    judging: Judging,
    shown: Shown,
) -> None:
    """Audit many files, and report on all of them together and on each.

    Directories are gone through with what is below them, hidden files apart.  Files that cannot be
    read are skipped, and the report says why.
    """
    from softaudit.cli.interrupt import deferred
    from softaudit.cli.output import Results
    from softaudit.render import RENDERERS

    asked.check()
    criteria = judging.criteria(named(context))
    outputs = list(shown.files(RENDERERS))
    files = batch.files(paths, outputs)
    read = [*(f.path for f in files), str(settings.nearest().path), *judging.files()]
    overview = bool(outputs) and shown.output_formats is None
    with (
        Results(shown, judging.write_baseline, read, overview=overview) as results,
        _journal(batch, asked, outputs) as journal,
        deferred() as stopped,
    ):
        report = _report(files, asked, batch, journal, stopped)
        interrupted = any(skipped.interrupted for skipped in report.skipped)
        judged = bool(criteria) or results.baseline is not None
        failure = _failure(report, len(files), strict=batch.strict, judged=judged)
        if not interrupted and not failure:
            report = criteria.judge(report)
            results.write_baseline(report)
        results.write(report)
        journal.is_needed = interrupted
    if interrupted:
        raise typer.Exit(INTERRUPTED)
    if failure:
        raise InputError(failure)
    passed = report.judgement is None or report.judgement.passed
    raise typer.Exit(judging.exit_code(0 if passed else FAILED))


@contextmanager
def _journal(batch: Batch, asked: Asked, outputs: Sequence[str]) -> Iterator[Journal]:
    """Open the journal; it goes when the report is written, unless somebody named it."""
    from softaudit.batch.journal import Journal

    place = batch.place(outputs)
    if place is None:
        with tempfile.TemporaryDirectory(prefix="softaudit-") as folder:
            journal = Journal(Path(folder, "journal"), {}, resume=False)
            with closing(journal):
                yield journal
        return
    journal = Journal(place, _about(asked), resume=batch.resume)
    _tell(journal, resume=batch.resume)
    with closing(journal):
        yield journal
    if batch.journal is None and not journal.is_needed:
        journal.remove()


def _about(asked: Asked) -> dict[str, Any]:
    """Say what is asked of every file and what computes it: all that figures depend on."""
    from softaudit.implementations.identity import identity
    from softaudit.report import make_report

    plan, others, about = asked.plan_of_all(), asked.others(), make_report(())
    return {
        "tool": dict(about.tool),
        "environment": dict(about.environment),
        "cells": [key.name for key in plan.keys],
        "skipped": [skipped.cell for skipped in plan.skipped],
        "temperature": plan.temperature,
        "elementary": plan.elementary,
        "reference": plan.reference,
        "worst": plan.worst,
        "sample": plan.sample,
        "axis": asked.axis,
        "key": asked.key,
        "implementations": [identity(one) for one in others.everybody],
        "against": others.trusted,
    }


def _tell(journal: Journal, *, resume: bool) -> None:
    """Say what becomes of an earlier run's work.

    Raises
    ------
    OptionError
        If it would be lost, and need not be.
    """
    from softaudit.cli.progress import say

    found = plain(count(max(len(journal.finished), journal.left), "file"))
    if journal.left and not resume and not journal.differs:
        journal.close()
        raise OptionError(
            f"{journal.path}: has {found} of a run like this one; --resume takes over what is "
            f"unchanged, or remove it"
        )
    if journal.left:
        say(f"{journal.path}: has {found} of other options or versions, which are done anew")
    elif journal.finished:
        say(f"{journal.path}: has {found} from before; those that changed are done anew")
    elif resume:
        say(f"{journal.path}: nothing to resume; starting from the beginning")


def _report(
    files: Sequence[File],
    asked: Asked,
    batch: Batch,
    journal: Journal,
    stopped: Callable[[], bool],
) -> Report:
    """Audit what is not done yet, and put everything together."""
    from softaudit.batch.one import Question
    from softaudit.batch.run import run
    from softaudit.cli.progress import BatchProgress
    from softaudit.report import make_report
    from softaudit.summary import summarize

    others = asked.others()
    answers = others.answers(asked.timeout)
    answers.heed(stopped)
    question = Question(asked.plan_of_all(), asked.axis, asked.key, answers, others.trusted)
    sizes = [(file.name, file.size) for file in files]
    with BatchProgress(asked.progress, batch.verbose, sizes) as shown:
        skipped = run(
            files, question, journal, jobs=asked.processes(), shown=shown, stopped=stopped
        )
    audits = journal.audits(file.name for file in files if file.name in journal.finished)
    return make_report(audits, skipped, summarize(audits))


def _failure(report: Report, files: int, *, strict: bool, judged: bool) -> str:
    """Say why the run failed though it came to its end: files are skipped, and must not be.

    Raises
    ------
    InputError
        If no file could be audited, so that there is nothing to report.
    """
    skipped = [source for source in report.skipped if not source.interrupted]
    if not skipped:
        return ""
    were = "was" if len(skipped) == 1 else "were"
    first = f"first {skipped[0].source}: {skipped[0].reason}"
    unjudged = ", so that nothing is judged" if judged else ""
    number = f"{len(skipped)} of {plain(count(files, 'file'))} {were} skipped"
    if len(skipped) == files:
        raise InputError(f"nothing could be audited: {number}, {first}")
    return f"{number}{unjudged}, {first}" if strict or judged else ""
