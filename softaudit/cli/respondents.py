"""Who is asked: the names and options of the studies that put questions to implementations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from softaudit.cli import completion
from softaudit.cli.asking import Device, Names, Timeout  # noqa: TC001  options are read as types
from softaudit.cli.options import split_places
from softaudit.implementations import CPU, TIMEOUT

if TYPE_CHECKING:
    from softaudit.studies.respondents import Respondent


@dataclass(frozen=True, slots=True)
class Respondents:
    """The options that say who is asked."""

    names: Annotated[
        Names,
        typer.Argument(
            metavar="NAME...",
            help="Algorithms such as naive, scipy, torch, jax, onnxruntime, "
            "package.module:function, path.py:function; by default naive, stable and the "
            "frameworks that are here.",
            show_default=False,
            autocompletion=completion.several("against"),
        ),
    ] = None
    device: Device = CPU
    timeout: Timeout = TIMEOUT

    def found(self) -> tuple[Respondent, ...]:
        """Find them.

        Raises
        ------
        OptionError
            If somebody is not there.
        """
        from softaudit.studies.respondents import respondents

        return respondents(split_places(self.names), device=self.device, timeout=self.timeout)

    def files(self) -> list[str]:
        """Give the files that functions are in, which must not be written over."""
        return [file for name in split_places(self.names) if (file := name.rpartition(":")[0])]
