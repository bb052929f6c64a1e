"""softaudit explain: what a name stands for."""

from __future__ import annotations

from typing import Annotated

import typer

from softaudit.cli import completion


def command(
    name: Annotated[
        str | None,
        typer.Argument(
            help="An algorithm, format, order, cause, column or figure; a cell's name; or schema: "
            "the JSON Schema of --output-format json.  Without it all names are listed.",
            autocompletion=completion.topic,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Explain a name that an option takes or a report prints."""
    from softaudit.cli.output import print_text, screen
    from softaudit.schema import schema_text

    if name == "schema":
        print_text(schema_text())
        return
    from softaudit.render.explain import explain, names
    from softaudit.render.topics import about

    print_text(names(screen()) if name is None else explain(about(name), screen()))
