"""Options in groups: a command takes dataclasses, and each of their fields is an option.

So that a group of options is written once for all commands that have it, and a command reads as
what it does with them.
"""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from inspect import Parameter, signature
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import typer

from softaudit.cli import completion
from softaudit.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def several(name: str, help_text: str, **rest: Any) -> Any:
    """Declare an option that may be repeated, or given a comma list."""
    rest = {"autocompletion": completion.several(name), "metavar": "NAMES", **rest}
    return typer.Option(f"--{name}", help=help_text, envvar=variable(name), **rest)


def one(name: str, help_text: str, **rest: Any) -> Any:
    """Declare an option that takes one value."""
    rest = {"autocompletion": completion.one(name), "metavar": "NAME", **rest}
    return typer.Option(f"--{name}", help=help_text, envvar=variable(name), **rest)


def variable(name: str) -> str:
    """Give the environment variable of an option."""
    return f"SOFTAUDIT_{name.upper().replace('-', '_')}"


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take its parameters that are dataclasses field by field."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {n: kind for n, kind in hints.items() if is_dataclass(kind)}

    def flat(**values: Any) -> None:
        made = {
            name: group(**{field.name: values.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        try:
            command(**values, **made)
        except BrokenPipeError as error:  # which click would take for that of standard output
            raise OptionError(
                "results cannot be written: whoever was to read them has gone"
            ) from error

    parameters = [
        parameter
        for given in signature(command).parameters.values()
        for parameter in (
            _parameters(groups[given.name])
            if given.name in groups
            else [given.replace(annotation=hints[given.name], kind=Parameter.KEYWORD_ONLY)]
        )
    ]
    flat.__doc__ = command.__doc__
    flat.__signature__ = signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
    return flat


def _parameters(group: Any) -> Iterator[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        default = Parameter.empty if field.default is MISSING else field.default
        yield Parameter(
            field.name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[field.name]
        )


def named(context: typer.Context) -> frozenset[str]:
    """Give the parameters that stand on the command line itself."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return frozenset(n for n, source in sources.items() if source and source.name == "COMMANDLINE")


def split(words: list[str] | None) -> tuple[str, ...]:
    """Take options that were repeated, or given as comma lists, apart.

    Raises
    ------
    OptionError
        For a list with an empty name, such as "," or "float16,".
    """
    parts = tuple(part.strip() for word in words or () for part in word.split(","))
    if "" in parts:
        raise OptionError(f"{', '.join(map(repr, words or ()))}: has an empty name; drop a comma")
    return parts


def split_places(words: list[str] | None) -> tuple[str, ...]:
    """Take names of implementations apart as `split` does, but for a file's with commas.

    A word that as a whole is `path.py:function` of a file that is there is taken as it stands.
    """
    taken = (((word,) if _is_of_file(word) else split([word])) for word in words or ())
    return tuple(chain.from_iterable(taken))


def _is_of_file(word: str) -> bool:
    place, _, attribute = word.rpartition(":")
    return "," not in attribute and Path(place).is_file()
