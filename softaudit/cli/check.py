"""softaudit check: the main job."""

from __future__ import annotations

from typing import Annotated

import typer

from softaudit.cli import settings
from softaudit.cli.asking import AskedOfOne
from softaudit.cli.judging import Judging
from softaudit.cli.options import named, with_groups
from softaudit.cli.output import ShownAndSaved

Inputs = typer.Argument(
    metavar="INPUT...",
    help="Files of logits (.npy, .npz, .safetensors, .csv, .tsv, text also .gz), - for "
    "standard input, or literal logits such as '[40, 0]'.",
)


@with_groups
def command(
    *,
    context: typer.Context,
    inputs: Annotated[list[str], Inputs],
    asked: AskedOfOne,
    judging: Judging,
    shown: ShownAndSaved,
) -> None:
    """Compute softmax and its relatives on logits, and judge every result.

    Options that take several values may be repeated or given comma lists.  Naming any of function,
    format, algorithm, compute, accumulate, order, subnormals, saturate, block-size makes the plain
    product of what is named.
    """
    from softaudit.cli.ending import end, read_all, report_of
    from softaudit.cli.interrupt import deferred
    from softaudit.cli.output import Results

    asked.check()
    criteria = judging.criteria(named(context))
    read = [*inputs, str(settings.nearest().path), *judging.files()]
    with (
        Results(shown, judging.write_baseline, read, worst=shown.save_worst) as results,
        deferred() as stopped,
    ):
        sources = read_all(inputs, asked)
        results.check_savable(sources)
        elements = not (shown.quiet or shown.columns)
        report = report_of(sources, asked, stopped, elements=elements)
        code = end(report, sources, criteria, results)
    raise typer.Exit(judging.exit_code(code))
