"""softaudit sweep: from which temperature on each cell breaks or loses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from softaudit.cli.asking import (
    Axis,
    Cells,
    Elementary,
    Jobs,
    Key,
    Sample,
    When,
    processors,
)
from softaudit.cli.completion import one_of
from softaudit.cli.interrupt import INTERRUPTED
from softaudit.cli.options import with_groups
from softaudit.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from softaudit.model import Logits, Plan
    from softaudit.studies.swept import Sweep

Input = typer.Argument(
    metavar="INPUT", help="A file of logits, - for standard input, or literal logits: '[40, 0]'."
)


@dataclass(frozen=True, slots=True)
class Swept(Cells):
    """The options that choose cells, temperatures and rows."""

    # No variable, no setting: one temperature, which check and gate take from there, is no range.
    temperatures: Annotated[
        str,
        typer.Option(
            "--temperature", help="Divide logits by T, for T from LOW to HIGH.", metavar="LOW:HIGH"
        ),
    ] = "0.05:20"
    points: Annotated[
        int,
        typer.Option(
            "--points",
            help="At how many temperatures to look, evenly in log T, before looking closer.",
            metavar="N",
        ),
    ] = 25
    elementary: Elementary = "numpy"
    axis: Axis = -1
    key: Key = None
    sample: Sample = None
    jobs: Jobs = None
    progress: When = "auto"

    def plan(self) -> Plan:
        """Plan what to ask at every temperature."""
        return self.make_plan(elementary=self.elementary, sample=self.sample)

    def grid(self) -> tuple[float, ...]:
        """Give the temperatures.

        Raises
        ------
        OptionError
            If they are not two positive numbers, the lower one first.
        """
        from softaudit.studies.sweep import make_grid

        try:
            low, high = (float(part) for part in self.temperatures.split(":"))
        except ValueError:
            raise OptionError(
                f"--temperature {self.temperatures}: must be two numbers, as in --temperature "
                f"0.05:20"
            ) from None
        return make_grid(low, high, self.points)


@with_groups
def command(
    *,
    word: Annotated[str, Input],
    swept: Swept,
    output_format: Annotated[
        str,
        typer.Option(
            "--output-format",
            help="table, json or csv.",
            autocompletion=one_of(("table", "json", "csv")),
        ),
    ] = "table",
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only the header and sentences.")
    ] = False,
) -> None:
    """Show from which temperature on each cell breaks or loses.

    Every cell is audited at temperatures from LOW to HIGH, and between two of them that differ
    more closely, until they agree to 1 %.
    """
    from softaudit.cli.interrupt import deferred
    from softaudit.cli.output import print_text, screen
    from softaudit.cli.progress import MODES
    from softaudit.keys import known
    from softaudit.render.sweep import SWEEP_RENDERERS

    kind = known(output_format, SWEEP_RENDERERS, "output format")
    known(swept.progress, MODES, "progress")
    swept.plan()
    swept.grid()
    with deferred() as stopped:
        found = _sweep(_read(word, swept), swept, stopped)
        print_text(SWEEP_RENDERERS[kind](found, screen(quiet=quiet)))
    if found.partial is not None:
        raise typer.Exit(INTERRUPTED)


def _read(word: str, swept: Swept) -> Logits:
    from softaudit import sources

    found = sources.read(word, axis=swept.axis, key=swept.key)
    if len(found) > 1:
        names = ", ".join(str(logits.key) for logits in found)
        raise OptionError(f"{word}: has several arrays; name one with --key: {names}")
    return found[0]


def _sweep(logits: Logits, swept: Swept, stopped: Callable[[], bool]) -> Sweep:
    from softaudit.audit import chosen_rows
    from softaudit.cli.progress import Progress
    from softaudit.studies.sweep import sweep

    plan, grid = swept.plan(), swept.grid()
    rows = len(chosen_rows(logits, plan))
    told = Progress(swept.progress, stopped)
    # A row is done when it has been audited at every temperature.
    with told.of(logits.name, rows, logits.columns) as heard:
        return sweep(
            logits,
            plan,
            grid,
            jobs=swept.jobs or processors(),
            heard=lambda part: heard(part * rows),
        )
