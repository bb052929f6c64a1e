"""What tells somebody else's code from what it was before."""

from __future__ import annotations

import hashlib
from importlib.machinery import PathFinder
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from softaudit.implementations import IMPLEMENTATIONS, framework
from softaudit.implementations.function import SUFFIX

if TYPE_CHECKING:
    from softaudit.implementations.model import Implementation


def identity(implementation: Implementation) -> dict[str, str]:
    """Give what a journal knows an implementation by.

    Parameters
    ----------
    implementation : Implementation

    Returns
    -------
    dict of str to str
        Its word and device, and the versions of what a framework needs; of a user's function the
        hash of the file that it, or its package, begins with.  What that imports is not looked at.
    """
    found = {"word": implementation.word, "device": implementation.device}
    if implementation.word in IMPLEMENTATIONS:
        needs = framework(implementation.word).needs
        return found | {name: version(name) for name in needs}
    place = implementation.word.rpartition(":")[0]
    file = place if place.endswith(SUFFIX) else _file_of(place)
    return found | {"sha256": hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""}


def _file_of(module: str) -> str:
    """Give a module's file, found without running what it lies in; "" if that cannot be told."""
    places: list[str] | None = None
    for start in ([str(Path.cwd())], None):
        spec, places = None, start
        for part in module.split("."):
            spec = PathFinder.find_spec(part, places)
            if spec is None:
                break
            places = list(spec.submodule_search_locations or ())
        if spec is not None and spec.origin is not None and Path(spec.origin).is_file():
            return spec.origin
    return ""
