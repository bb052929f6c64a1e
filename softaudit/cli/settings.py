"""Settings from files: `[tool.softaudit]` of pyproject.toml, or a policy of one's own.

Both hold options by their names, and for the gate inputs, requirements and a baseline.  A policy
named by --policy takes the place of pyproject.toml.  Options beat environment variables
(`SOFTAUDIT_FORMAT` for `--format`), which beat these.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from glob import glob, has_magic
from pathlib import Path
from typing import Any

from softaudit.errors import OptionError

OPTIONS: dict[str, str] = {
    "function": "functions",
    "format": "formats",
    "algorithm": "algorithms",
    "compute": "computes",
    "accumulate": "accumulates",
    "order": "orders",
    "subnormals": "subnormals",
    "saturate": "saturate",
    "block-size": "block_sizes",
    "temperature": "temperature",
    "elementary": "elementary",
    "axis": "axis",
    "key": "key",
    "sample": "sample",
    "reference": "reference",
    "worst": "worst",
    "columns": "columns",
    "output-format": "output_formats",
    "tolerance-percent": "tolerance_percent",
    "tolerance-ulp": "tolerance_ulp",
    "tolerance-elsewhere": "tolerance_elsewhere",
    "include": "include",
    "exclude": "exclude",
    "strict": "strict",
}
"""Settings by their names, and the parameters of commands that they set."""

OF_THE_GATE = ("inputs", "require", "baseline")
"""What the gate alone reads."""

_NUMBERS: dict[str, tuple[type, ...]] = {
    "temperature": (int, float),
    "axis": (int,),
    "sample": (int,),
    "worst": (int,),
    "tolerance-percent": (int, float),
    "tolerance-ulp": (int, float),
    "tolerance-elsewhere": (int, float),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a file says.

    Attributes
    ----------
    name : str
        What to call the file in a message.
    folder : Path
        What its paths are relative to.
    options : mapping
        Values by parameter of `check` and `gate`.
    inputs : tuple of str
    requirements : tuple of mapping
        As they stand in the file.
    baseline : str or None
    """

    name: str = "pyproject.toml"
    folder: Path = Path()
    options: dict[str, Any] | None = None
    inputs: tuple[str, ...] = ()
    requirements: tuple[Any, ...] = ()
    baseline: str | None = None

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.folder / Path(self.name).name

    def default_map(self) -> dict[str, Any]:
        """Give the defaults of `gate`'s options."""
        found = dict(self.options or {})
        if self.baseline is not None:
            found["baseline"] = os.path.relpath(self.folder / self.baseline)
        return found

    def files(self) -> list[str]:
        """Give the inputs' paths from here, wildcards expanded, in order.

        Raises
        ------
        OptionError
            If wildcards match nothing.
        """
        found: dict[str, None] = {}
        for word in self.inputs:
            if word.startswith("[") or word == "-":
                found[word] = None
                continue
            # Not pathlib's, which finds hidden files too.
            is_there = (self.folder / word).exists()
            names = (
                []
                if is_there
                else sorted(
                    glob(word, root_dir=self.folder, recursive=True)  # noqa: PTH207
                )
            )
            if not (names or is_there) and has_magic(word):
                raise OptionError(f"{self.name}: inputs: {word!r} matches no file")
            found |= dict.fromkeys(map(self._from_here, names or [word]))
        return list(found)

    def _from_here(self, name: str) -> str:
        is_absolute = os.path.isabs(name)  # noqa: PTH117
        return name if is_absolute else os.path.relpath(self.folder / name)


def default_map() -> dict[str, dict[str, Any]]:
    """Read the nearest pyproject.toml's settings, as defaults of the commands.

    Raises
    ------
    OptionError
        If the file cannot be read as TOML, or has a setting that does not exist.
    """
    settings = nearest()
    options = settings.options or {}
    every = dict.fromkeys(("check", "sweep", "report"), options)
    # Of outputs it has four, and what is set for the others may be none of them.
    fewer = {name: value for name, value in options.items() if name != "output_formats"}
    return {**every, "invariance": fewer, "gate": settings.default_map()}


def nearest() -> Settings:
    """Read `[tool.softaudit]` of the nearest pyproject.toml; without one, nothing is set."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            tools = _document(path, path.name).get("tool", {})
            table = tools.get("softaudit", {}) if isinstance(tools, dict) else tools
            if not isinstance(table, dict):
                raise OptionError(f"{path.name}: tool.softaudit is no table: [tool.softaudit]")
            return _settings(table, path.name, "tool.softaudit.", folder)
    return Settings()


def policy(path: str) -> Settings:
    """Read a policy file: what stands under [tool.softaudit] elsewhere, at its top.

    Raises
    ------
    OptionError
        If it cannot be read, or has a setting that does not exist.
    """
    return _settings(_document(Path(path), path), path, "", Path(path).parent)


def _document(path: Path, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:  # of integers too long, too
        reason = getattr(error, "strerror", None) or error
        raise OptionError(f"{name}: cannot be read: {reason}") from error


def _settings(table: dict[str, Any], name: str, prefix: str, folder: Path) -> Settings:
    options, of_gate = {}, {}
    for key, value in table.items():
        _check_name(key, f"{name}: unknown setting {prefix}{key}")
        if key in OF_THE_GATE:
            of_gate[key] = value
        else:
            options[OPTIONS[key]] = _value(key, value, f"{name}: {prefix}{key}")
    inputs, required = of_gate.get("inputs", []), of_gate.get("require", [])
    baseline = of_gate.get("baseline")
    inputs = [inputs] if isinstance(inputs, str) else inputs
    if not isinstance(inputs, list) or not all(isinstance(word, str) for word in inputs):
        raise OptionError(f"{name}: {prefix}inputs is {inputs!r}: give a list of files")
    if not isinstance(required, list) or not all(isinstance(part, dict) for part in required):
        raise OptionError(f"{name}: {prefix}require is no list of tables: [[{prefix}require]]")
    if baseline is not None and not (isinstance(baseline, str) and baseline):
        raise OptionError(f"{name}: {prefix}baseline is {baseline!r}: give a file's name")
    return Settings(name, folder, options, tuple(inputs), tuple(required), baseline)


def _check_name(name: str, said: str) -> None:
    names = (*OPTIONS, *OF_THE_GATE)
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(names)}"
        raise OptionError(f"{said}: {hint}")


def _value(name: str, value: Any, said: str) -> Any:
    """Check a setting's value, and give it as the option would have it."""
    if name in _SWITCHES:
        return _checked(bool, value, said, "true or false")
    if name in _NUMBERS:
        return _checked(_NUMBERS[name], value, said, "a number")
    if name not in _LISTS:
        return _checked(str, value, said, "a string")
    kind = int if name in _OF_NUMBERS else str
    wanted = f"a list of {'numbers' if kind is int else 'names'}"
    parts = value if isinstance(value, list) else [value]
    return [str(_checked((kind, str), part, said, wanted, value)) for part in parts]


def _checked(kind: Any, value: Any, said: str, wanted: str, whole: Any = None) -> Any:
    is_truth = isinstance(value, bool) and kind is not bool
    if is_truth or not isinstance(value, kind):
        shown = value if whole is None else whole
        raise OptionError(f"{said} is {shown!r}: give {wanted}")
    return value


_SWITCHES = ("saturate", "strict")
_OF_NUMBERS = ("block-size",)
_LISTS = (
    *("function", "format", "algorithm", "compute", "accumulate", "order", "subnormals"),
    *("block-size", "columns", "output-format", "include", "exclude"),
)
