"""The JSON Schema that the package ships, and what it says of a cell's figures.

It imports nothing of ours: a shell that completes names asks it, and waits.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def schema_text() -> str:
    """Give the JSON Schema of the contract, as the package ships it."""
    return files("softaudit").joinpath("json_v1", "schema.json").read_text(encoding="utf-8")


WORDS = (
    "name", "function", "format", "compute", "accumulate", "order", "subnormals", "saturate",
    "algorithm", "block_size", "input", "implementation", "against",
)  # fmt: skip
"""Keys of a cell that say which one it is; the others are what was measured."""


def words() -> dict[str, str]:
    """Give what a cell is, and what the schema says of the keys that tell which one it is."""
    cell: str = _schema()["$defs"]["cell"]["description"]
    return {"cell": cell, **{name: text for name, text in _keys().items() if name in WORDS}}


def figures() -> dict[str, str]:
    """Give what the schema says of a cell's figures, by dotted names."""
    return {name: text for name, text in _keys().items() if name not in WORDS}


@cache
def _keys() -> dict[str, str]:
    return dict(_described(_schema()["$defs"]["cell"]))


def causes() -> tuple[str, ...]:
    """Give the names of the causes."""
    return tuple(_schema()["$defs"]["cause"]["enum"])


@cache
def _schema() -> Any:
    return json.loads(schema_text())


def _described(part: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Walk the keys of an object, or of the one object that it may be instead of null."""
    found = next((kind for kind in part.get("anyOf", ()) if "properties" in kind), part)
    for name, value in found.get("properties", {}).items():
        yield before + name, value["description"]
        yield from _described(value, f"{before}{name}.")
