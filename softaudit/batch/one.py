"""One file of a batch: read, audited, array after array, in whichever process."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from softaudit import sources
from softaudit.against import with_ratios
from softaudit.answers import Answers
from softaudit.audit import audit
from softaudit.errors import InputError, UnansweredError
from softaudit.json_v1 import audit_to_json
from softaudit.state import state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from softaudit.batch.plan import File
    from softaudit.model import Audit, Plan, Source


BLOCK = 1 << 17
"""Elements to take at once: somewhat slower than most at once, in less memory, in every process."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every file.

    Attributes
    ----------
    plan : Plan
        For every array alike; it names no row.
    axis : int
        The class axis.
    key : str or None
        Which arrays of files that have several.
    answers : Answers
        Who answers in place of algorithms; every process has its own.
    trusted : str or None
        The algorithm, or implementation, that the others' cells stand against.
    """

    plan: Plan
    axis: int
    key: str | None
    answers: Answers = field(default_factory=Answers)
    trusted: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What was found of one array.

    Attributes
    ----------
    text : bytes
        The audit, as the JSON contract has it: what travels between processes, and to disk.
    sha256 : str
        Of the file.
    logits, cells, broken : int
        How many the array has, and of how many cells how many break.
    """

    text: bytes
    sha256: str
    logits: int
    cells: int
    broken: int


class Unreadable(Exception):  # noqa: N818 -- no failure of the run: the file is skipped
    """A file that cannot be read as logits, with the reason."""


class Stopped(Exception):  # noqa: N818 -- somebody's wish
    """The work was given up before the file was done."""


def audits_of(
    file: File, question: Question, jobs: int, heard: Callable[[int, float], bool]
) -> Iterator[Made]:
    """Audit a file's arrays, one after the other.

    Parameters
    ----------
    file : File
    question : Question
    jobs : int
        How many processes may share the rows of one array.
    heard : callable
        Told an array's logits and how many of them are done; answers whether to stop.

    Raises
    ------
    Unreadable
        If the file cannot be read, or one of its arrays cannot be audited.
    Stopped
        If `heard` said so.
    OptionError
        If what is asked has no cell to compute, whatever the file.
    """
    if _is_special(file.path):
        raise Unreadable("not a regular file, which may be read but once; softaudit check takes it")
    each = sources.read_each(file.path, axis=question.axis, key=question.key, name=file.name)
    try:
        for logits in each:
            told = _of(logits.source, heard)
            found = audit(
                logits, question.plan, block=BLOCK, jobs=jobs, heard=told, answers=question.answers
            )
            del logits  # before the next one is read
            if found.partial is not None:
                raise Stopped
            trusted = question.trusted
            yield _made(found if trusted is None else with_ratios(found, trusted))
    except (InputError, UnansweredError) as error:
        if isinstance(error, UnansweredError) and heard(0, 0.0):
            raise Stopped from error
        reason = str(error).removeprefix(file.name).lstrip(":, ")
        raise Unreadable(reason) from error


def _is_special(path: str) -> bool:
    """Tell pipes and devices, which may keep a reader waiting for ever."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False  # of which reading will say what is wrong
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _made(audit: Audit) -> Made:
    text = json.dumps(audit_to_json(audit), allow_nan=False).encode()
    source, cells = audit.source, audit.cells
    broken = sum(state_of(cell) == "breaks" for cell in cells)
    return Made(text, source.sha256, source.rows * source.columns, len(cells), broken)


def _of(source: Source, heard: Callable[[int, float], bool]) -> Callable[[float], bool]:
    return lambda rows: heard(source.rows * source.columns, rows * source.columns)
