"""Settings from pyproject.toml: `[tool.softaudit]`, with the names of the options.

Options beat environment variables (`SOFTAUDIT_FORMAT` for `--format`), which beat these.
"""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
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
    "temperature": "temperature",
    "axis": "axis",
    "key": "key",
    "sample": "sample",
    "reference": "reference",
    "worst": "worst",
    "columns": "columns",
    "output-format": "output_format",
}
"""Settings by their names, and the parameters of `check` that they set."""


def default_map() -> dict[str, dict[str, Any]]:
    """Read the nearest pyproject.toml's settings, as defaults of the commands.

    Raises
    ------
    OptionError
        If the file cannot be read as TOML, or has a setting that does not exist.
    """
    path = _nearest()
    if path is None:
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f"{path.name}: cannot be read: {error}") from error
    tools = document.get("tool", {})
    table = tools.get("softaudit", {}) if isinstance(tools, dict) else tools
    if not isinstance(table, dict):
        raise OptionError(f"{path.name}: tool.softaudit is no table; write [tool.softaudit]")
    return {"check": {OPTIONS[_known(name)]: _value(name, v) for name, v in table.items()}}


def _nearest() -> Path | None:
    here = Path.cwd()
    for folder in (here, *here.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            return path
    return None


def _known(name: str) -> str:
    if name in OPTIONS:
        return name
    near = get_close_matches(name, OPTIONS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(OPTIONS)}"
    raise OptionError(f"pyproject.toml: unknown setting tool.softaudit.{name}: {hint}")


_NUMBERS = {"temperature": (int, float), "axis": (int,), "sample": (int,), "worst": (int,)}


def _value(name: str, value: Any) -> Any:
    several = OPTIONS[name].endswith("s") and name != "axis"
    if several and isinstance(value, str):
        return [value]
    kinds = (list,) if several else _NUMBERS.get(name, (str,))
    wrong = isinstance(value, bool) or not isinstance(value, kinds)
    if wrong or (several and not all(isinstance(part, str) for part in value)):
        wanted = "a list of names" if several else "a number" if name in _NUMBERS else "a string"
        raise OptionError(f"pyproject.toml: tool.softaudit.{name} is {value!r}: give {wanted}")
    return value
