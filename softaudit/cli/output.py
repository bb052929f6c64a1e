"""Where results go: standard output, and files."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from softaudit.cli import completion
from softaudit.cli.files import appended, destination, is_same, spells
from softaudit.cli.options import several, split
from softaudit.errors import OptionError
from softaudit.render.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from softaudit.model import Logits
    from softaudit.report import Report

_PLAIN = str.maketrans({"·": ".", "∞": "inf", "×": "x", "…": "...", "−": "-", "–": "-", "≈": "~",
                        "→": "->", "≠": "#", "½": "1/2", "Σ": "sum", "±": "+-", "≤": "<=",
                        "≥": ">=", "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")",
                        "\u0302": "^",
                        **dict(zip("▁▂▃▄▅▆▇█", "12345678", strict=True))})  # fmt: skip


def screen(*, columns: tuple[str, ...] = (), quiet: bool = False) -> Screen:
    """Find out how wide standard output is, and whether it takes colors.

    NO_COLOR and TERM=dumb turn colors off, FORCE_COLOR on; COLUMNS sets the width.
    """
    environment = os.environ
    terminal = sys.stdout is not None and sys.stdout.isatty()
    color = terminal and "NO_COLOR" not in environment and environment.get("TERM") != "dumb"
    color = color or bool(environment.get("FORCE_COLOR"))
    width = shutil.get_terminal_size((80, 24)).columns if terminal else _asked_width()
    return Screen(max(width, 20), color, columns, quiet)


def _asked_width() -> int:
    asked = os.environ.get("COLUMNS", "")
    return int(asked) if asked.isdecimal() and int(asked) > 0 else 80


@dataclass(frozen=True, slots=True)
class Written:
    """The options that say what is written, and where to."""

    output_formats: Annotated[
        list[str] | None,
        several(
            "output-format",
            "What to print: table (default), json, json-lines, csv, markdown, junit, sarif, "
            "github, html.",
            show_default=False,
        ),
    ] = None
    outputs: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            help="Also write a file, by its suffix (.txt .json .jsonl .csv .md .xml .sarif "
            ".html) or as FORMAT:FILE.  May be repeated.",
            metavar="FILE",
        ),
    ] = None
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Only the header and sentences; of a judgement, only what fails.",
        ),
    ] = False

    def printed(self, kinds: Iterable[str]) -> tuple[str, ...]:
        """Give the outputs that go to standard output, of the kinds that there are."""
        from softaudit.keys import known

        names = split(self.output_formats) or ("table",)
        return tuple(known(name, kinds, "output format") for name in names)

    def files(self, kinds: Iterable[str]) -> dict[str, str]:
        """Give the outputs of files by path, of the kinds that there are.

        Raises
        ------
        OptionError
            If a name tells no output, or a file is named twice.
        """
        found: dict[str, str] = {}
        for word in self.outputs or ():
            path, kind = _destined(word, tuple(kinds))
            if path in found:
                raise OptionError(f"{path}: is to be written twice; name another file for one")
            found[path] = kind
        return found

    def screen(self) -> Screen:
        """Give what standard output can show."""
        return screen(quiet=self.quiet)


def _destined(word: str, kinds: Sequence[str]) -> tuple[str, str]:
    """Take what `--output` is given apart: a file, and what goes there."""
    from softaudit.render import SUFFIXES, by_suffix

    kind, _, path = word.partition(":")
    if kind not in kinds or not path:
        path, kind = word, by_suffix(word) or ""
    if path == "-":
        raise OptionError(f"{word}: --output-format says what standard output gets")
    if not kind and Path(path).is_dir():
        raise OptionError(f"{path}: is a directory; name a file to write")
    if kind not in kinds:
        ends = " ".join(suffix for suffix, of in SUFFIXES.items() if of in kinds)
        what = f"there is no {kind} of this" if kind else "its name tells no output"
        raise OptionError(f"{path}: {what}: end it in {ends}, or write table:{path}")
    return path, kind


FOUR = ("table", "json", "csv", "markdown")


@dataclass(frozen=True, slots=True)
class WrittenOfFour(Written):
    """The same, of a study that has four outputs."""

    output_formats: Annotated[
        list[str] | None,
        typer.Option(
            "--output-format",
            help="What to print: table (default), json, csv, markdown.",
            metavar="NAMES",
            show_default=False,
            autocompletion=completion.several_of(FOUR),
        ),
    ] = None
    outputs: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            help="Also write a file, by its suffix (.txt .json .csv .md) or as FORMAT:FILE.  May "
            "be repeated.",
            metavar="FILE",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Shown(Written):
    """The same, and which columns a table of cells has."""

    columns: Annotated[
        list[str] | None, several("columns", "Columns of the table; the width decides by default.")
    ] = None

    def screen(self) -> Screen:
        """Give what standard output can show."""
        from softaudit.keys import known
        from softaudit.render.columns import COLUMNS

        names = tuple(known(name, COLUMNS, "column") for name in split(self.columns))
        return screen(columns=names, quiet=self.quiet)


@dataclass(frozen=True, slots=True)
class ShownAndSaved(Shown):
    """The same, and where rows go."""

    save_worst: Annotated[
        str | None,
        typer.Option(
            "--save-worst", help="Save the rows of the worst elements as .npy.", metavar="FILE"
        ),
    ] = None


class Results:
    """Everything that a run writes, opened before its work starts.

    Parameters
    ----------
    shown : Written
    baseline : str or None
        Where to write a baseline.
    inputs : sequence of str
        What must not be written over: logits or saved results, the policy, the baseline.
    worst : str, optional
        Where to save the rows of the worst elements.
    folder : Path, optional
        What inputs are named as seen from, where that is not here.
    tables : bool
        Whether people see the cells, or the judgement alone.
    overview : bool
        Whether standard output gets no more of many files than what all of them say.
    renderers : mapping, optional
        What renders, by output; those of reports by default.
    """

    def __init__(
        self,
        shown: Written,
        baseline: str | None,
        inputs: Sequence[str],
        *,
        worst: str | None = None,
        folder: Path | None = None,
        tables: bool = True,
        overview: bool = False,
        renderers: Mapping[str, Callable[[Any, Screen | None], Iterable[str]]] | None = None,
    ) -> None:
        from softaudit.render import RENDERERS

        self._renderers = RENDERERS if renderers is None else renderers
        self.worst = worst
        self.printed = shown.printed(self._renderers)
        self.files = shown.files(self._renderers)
        if "html" in (*self.printed, *self.files.values()):
            from softaudit.render.html import check_installed

            check_installed(() if renderers is None else ("jinja2",))
        place = _in_workspace(folder or Path())
        self.screen = replace(shown.screen(), tables=tables, overview=overview, folder=place)
        self.baseline = baseline
        self._open = ExitStack()
        paths = [*self.files, *filter(None, (baseline, worst))]
        for i, path in enumerate(paths):
            if any(is_same(path, word) for word in inputs):
                raise OptionError(f"{path}: is an input; name another file to write")
            if any(is_same(path, other) or spells(path, other) for other in paths[:i]):
                raise OptionError(f"{path}: is to be written twice; name another file for one")

    def __enter__(self) -> Results:
        """Open every file."""
        with self._open as opening:
            self._files = {path: opening.enter_context(destination(path)) for path in self.files}
            self._baseline = self.baseline and opening.enter_context(destination(self.baseline))
            self._worst = self.worst and opening.enter_context(destination(self.worst))
            summary = os.environ.get("GITHUB_STEP_SUMMARY")
            wanted = summary if "github" in self.printed else None
            self._summary = wanted and opening.enter_context(appended(wanted))
            self._open = opening.pop_all()
        return self

    def __exit__(self, *failure: Any) -> None:
        """Put every file in its place, or none if the run failed."""
        self._open.__exit__(*failure)

    def write(self, report: Any) -> None:
        """Write a report, or what else the renderers render, to every place that was asked for."""
        plain = replace(self.screen, color=False, overview=False)
        for path, kind in self.files.items():
            with self._files[path] as file:
                file.writelines(
                    text.encode("utf-8", "replace") for text in self._renderers[kind](report, plain)
                )
        if self._summary:
            from softaudit.render.github import fitting

            summary = fitting(self._renderers["markdown"](report, plain))
            self._summary.write(summary.encode("utf-8", "replace"))
        for kind in self.printed:
            for text in self._renderers[kind](report, self.screen):
                print_text(text)

    def write_baseline(self, report: Report) -> None:
        """Write the baseline, if one was asked for."""
        from softaudit.gate import baseline_text

        if self._baseline:
            self._baseline.write(baseline_text(report).encode())

    def check_savable(self, sources: Sequence[Logits]) -> None:
        """Refuse before the work what could not be saved after it."""
        if self.worst:
            from softaudit.render.worst_rows import check_savable

            check_savable(sources)

    def write_worst(self, rows: Callable[[], NDArray[Any]]) -> None:
        """Write the worst rows, if they were asked for."""
        if self._worst:
            import numpy as np

            np.save(self._worst, rows(), allow_pickle=False)


def _in_workspace(folder: Path) -> str:
    """Say where a folder is in the repository that GitHub works in; "" elsewhere."""
    workspace = os.environ.get("GITHUB_WORKSPACE", "")
    there = os.path.relpath(folder, workspace) if workspace else "."
    return "" if there == "." or Path(there).parts[0] == ".." else Path(there).as_posix()


def _plainer(error: UnicodeError) -> tuple[str, int]:
    """Put plainer signs for those that an encoding lacks, and ? for what has none."""
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(ord(sign), "?") for sign in lacking), error.end


codecs.register_error("softaudit.plainer", _plainer)


def print_text(text: str) -> None:
    """Write to standard output, in plainer signs where its encoding lacks the better ones."""
    if sys.stdout is None:
        raise OSError("standard output is closed")
    encoding = sys.stdout.encoding or "ascii"
    text = text.encode(encoding, "softaudit.plainer").decode(encoding)
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has read enough: what becomes of files, and the verdict, do not depend on it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
