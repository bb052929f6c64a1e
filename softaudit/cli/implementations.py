"""softaudit implementations: whose code can be audited here."""

from __future__ import annotations

from typing import Annotated

import typer

from softaudit.cli import completion


def command(
    start: Annotated[
        bool,
        typer.Option(
            "--start",
            help="Start each that is installed, on every device, to see whether it works.",
        ),
    ] = False,
    output_format: Annotated[
        str,
        typer.Option(
            "--output-format",
            help="table, json, csv or markdown.",
            autocompletion=completion.one_of(("table", "json", "csv", "markdown")),
        ),
    ] = "table",
) -> None:
    """List the implementations that are here: versions, functions, formats and devices."""
    from softaudit.cli.output import print_text, screen
    from softaudit.implementations.listing import listed
    from softaudit.keys import known
    from softaudit.render.implementations import IMPLEMENTATIONS_RENDERERS

    kind = known(output_format, IMPLEMENTATIONS_RENDERERS, "output format")
    print_text(IMPLEMENTATIONS_RENDERERS[kind](listed(start=start), screen()))
