"""softaudit explain: what a name stands for."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Annotated

import typer

from softaudit.cli.completion import one_of

if TYPE_CHECKING:
    from collections.abc import Callable


def command(
    topic: Annotated[
        str,
        typer.Argument(
            help="schema: the JSON Schema of --output-format json.",
            autocompletion=one_of(("schema",)),
        ),
    ],
) -> None:
    """Explain a topic."""
    from softaudit.cli.output import print_text
    from softaudit.plan import known

    print_text(TOPICS[known(topic, TOPICS, "topic")]())


def schema() -> str:
    """Give the JSON Schema of the contract, as the package ships it."""
    return files("softaudit.json_v1").joinpath("schema.json").read_text(encoding="utf-8")


TOPICS: dict[str, Callable[[], str]] = {"schema": schema}
