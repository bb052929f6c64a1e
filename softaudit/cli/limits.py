"""softaudit limits: what each number format can and cannot do."""

from __future__ import annotations

from typing import Annotated

import typer

from softaudit.cli import completion


def command(
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="Formats; all by default.",
            autocompletion=completion.several("format"),
        ),
    ] = None,
    output_format: Annotated[
        str,
        typer.Option(
            "--output-format",
            help="table or json.",
            autocompletion=completion.one_of(("table", "json")),
        ),
    ] = "table",
) -> None:
    """Show each format's limits: where exp overflows, becomes subnormal, becomes zero."""
    from softaudit.cli.options import split
    from softaudit.cli.output import print_text, screen
    from softaudit.formats import FORMATS
    from softaudit.keys import known
    from softaudit.render.limits import LIMITS_RENDERERS
    from softaudit.studies.limits import limits

    kind = known(output_format, LIMITS_RENDERERS, "output format")
    names = [known(name, FORMATS, "format") for name in split(formats)]
    print_text(LIMITS_RENDERERS[kind](limits(names), screen()))
