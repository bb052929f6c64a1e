"""softaudit diff: what changed from one saved result to another."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    old: Annotated[str, typer.Argument(metavar="OLD.json", help="A result that was saved.")],
    new: Annotated[str, typer.Argument(metavar="NEW.json", help="Another one.")],
    output_format: Annotated[
        str, typer.Option("--output-format", help="table, json or markdown.")
    ] = "table",
) -> None:
    """Show what changed: every figure of every cell that is not what it was.

    It shows, and judges nothing: that is what softaudit gate is for.
    """
    from softaudit.cli.judging import read_text
    from softaudit.cli.output import print_text, screen
    from softaudit.gate import difference
    from softaudit.json_v1 import read_report
    from softaudit.keys import known
    from softaudit.render.diff import DIFF_RENDERERS

    kind = known(output_format, DIFF_RENDERERS, "output format")
    found = difference(*(read_report(read_text(path), path) for path in (old, new)))
    print_text(DIFF_RENDERERS[kind](found, screen()))
