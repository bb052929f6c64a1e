"""softaudit gate: requirements and a baseline, to an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from softaudit.cli import settings
from softaudit.cli.asking import AskedOfOne
from softaudit.cli.judging import Judging
from softaudit.cli.options import named, with_groups
from softaudit.cli.output import ShownAndSaved
from softaudit.errors import OptionError

Inputs = typer.Argument(
    metavar="INPUT|RESULT.json",
    help="As for check, or results that check saved as .json; by default the policy's inputs.",
    show_default=False,
)

NOT_OF_SAVED = frozenset(
    ("functions", "formats", "algorithms", "computes", "accumulates", "orders", "subnormals",
     "saturate", "block_sizes", "temperature", "axis", "key", "sample", "row",
     "reference", "elementary", "worst", "save_worst", "implementations", "device", "timeout",
     "against")
)  # fmt: skip
"""What cannot be asked of a result that was saved."""


@with_groups
def command(
    *,
    context: typer.Context,
    inputs: Annotated[list[str] | None, Inputs] = None,
    judging: Judging,
    asked: AskedOfOne,
    shown: ShownAndSaved,
) -> None:
    """Judge logits, or saved results, by requirements and a baseline; exit 1 if one does not hold.

    Requirements stand in [[tool.softaudit.require]] of pyproject.toml, in a file named by --policy,
    or on the command line.
    """
    from softaudit.cli.ending import end, read_all, report_of, report_of_saved
    from softaudit.cli.interrupt import deferred
    from softaudit.cli.output import Results

    here = named(context)
    file = judging.policy or settings.nearest()
    words = inputs or file.files()
    if not words:
        raise OptionError(f"nothing to judge: name an INPUT, or inputs = [...] in {file.name}")
    saved = _are_saved(words, here)
    if not saved:
        asked.check()
    criteria = judging.criteria(here, file)
    if not criteria and judging.write_baseline is None:
        table = "require" if judging.policy else "tool.softaudit.require"
        raise OptionError(
            f"nothing is required: write [[{table}]] in {file.name}, or give --policy, "
            f"--require or --baseline"
        )
    folder = None if inputs else file.folder
    read = [*words, str(file.path), *judging.files()]
    with (
        Results(
            shown, judging.write_baseline, read, worst=shown.save_worst, folder=folder, tables=False
        ) as results,
        deferred() as stopped,
    ):
        sources = [] if saved else read_all(words, asked, folder)
        results.check_savable(sources)
        report = (
            report_of_saved(words) if saved else report_of(sources, asked, stopped, elements=False)
        )
        code = end(report, sources, criteria, results)
    raise typer.Exit(judging.exit_code(code))


def is_saved(word: str) -> bool:
    """Tell a saved result by its suffix, or by its first byte: no logits begin with a brace."""
    if word == "-" or word.lower().endswith(".json"):
        return word != "-"
    try:
        if not Path(word).is_file():  # opening a pipe would take what is in it
            return False
        with Path(word).open("rb") as file:
            return file.read(1) == b"{"
    except (OSError, ValueError):
        return False  # a literal, or something that reading will complain about


def _are_saved(words: list[str], here: frozenset[str]) -> bool:
    """Tell saved results from logits, which are not judged in one run.

    Raises
    ------
    OptionError
        If there are both, or options that ask for something else than what was saved.
    """
    saved = [word for word in words if is_saved(word)]
    if saved and len(saved) < len(words):
        raise OptionError(f"{saved[0]}: is a saved result; judge it apart from logits")
    if saved and (asked := sorted(here & NOT_OF_SAVED)):
        names = {parameter: name for name, parameter in settings.OPTIONS.items()}
        option = names.get(asked[0], asked[0].replace("_", "-"))
        raise OptionError(f"{saved[0]}: is judged as it was saved; drop --{option}")
    return bool(saved)
