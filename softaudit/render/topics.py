"""What `softaudit explain` can tell of: every name that an option takes or a report prints.

No text stands here.  Functions, algorithms, orders and causes have their docstrings, formats their
notes, figures the schema's descriptions, columns the figure that they show.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from inspect import getdoc
from itertools import chain
from typing import TYPE_CHECKING

from softaudit.algorithms import ALGORITHMS
from softaudit.arithmetic import ORDERS
from softaudit.figures import RATIO
from softaudit.formats import FORMATS
from softaudit.keys import known
from softaudit.metrics import CAUSES, EXPLANATIONS
from softaudit.render import columns
from softaudit.render.sarif import RULES
from softaudit.schema import figures, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Topic:
    """One name and what there is to say of it.

    Attributes
    ----------
    kind : str
        A key of `KINDS`.
    name : str
        The full name, such as `softmax/stable` or `ulp.max`.
    text : str
        In the shape of a docstring.
    short : str
        The name that people write; the same for several topics where it stands for all of them.
    """

    kind: str
    name: str
    text: str
    short: str


def topics() -> Iterator[Topic]:
    """Give all topics, kind by kind in display order."""
    for kind, texts in KINDS.items():
        for name, text in texts().items():
            yield Topic(kind, name, text, _SHORT.get(kind, str)(name))


_SHORT: dict[str, Callable[[str], str]] = {
    "algorithm": lambda name: name.rpartition("/")[2],
    "word": lambda name: name.replace("_", "-"),
}
"""What people write for a name: an algorithm's without its function, an option's."""


def about(name: str) -> list[Topic]:
    """Give the topics that a name stands for.

    Parameters
    ----------
    name : str
        Full or short, the last part of a figure's name (`zeroed` for `overflow.zeroed`), a count
        of a cause (`causes.absorption.count`), or a cell's name, which stands for its parts.

    Raises
    ------
    OptionError
        For a name that is none of these; the nearest is suggested.
    """
    every = list(topics())
    found = [t for t in every if name in (t.name, t.short)] or by_last_part(name, every)
    if any(t.kind == "column" for t in found):  # which tells of the group of figures it is in, too
        found = [t for t in found if t.kind != "figure"]
    parts = [] if found else _parts(name)
    if parts:
        return list(dict.fromkeys(chain.from_iterable(about(part) for part in parts)))
    if not found:
        known(name, ("schema", *dict.fromkeys(n for t in every for n in (t.short, t.name))), "name")
    return found


def by_last_part(name: str, every: list[Topic]) -> list[Topic]:
    """Give the figures whose dotted names end in a name, but for ratios: they are named in full."""
    found = [t for t in every if t.kind == "figure" and t.name.rpartition(".")[2] == name]
    return [t for t in found if not t.name.startswith(RATIO)]


def _parts(name: str) -> list[str]:
    """Give the names in a cell's name, or in that of a cause's count."""
    function, *rest = name.split("/")
    if len(rest) == 2 and function in ALGORITHMS:
        algorithm, _, size = rest[1].partition(":")
        formats, *modes = rest[0].split("+")
        named = [_MODES.get(mode, mode) for mode in modes] + ["block_size"] * bool(size)
        return [f"{function}/{algorithm}", *formats.split(":"), *named]
    group, _, cause = name.removesuffix(".count").partition(".")
    return [group, cause] if cause in CAUSES else []


_MODES = {"flush": "subnormals"}
"""What modes in a cell's name are called elsewhere, where that is another word."""


def _functions() -> dict[str, str]:
    """Give the docstrings of the modules in which functions' algorithms stand."""
    homes = {name: sys.modules[f"softaudit.algorithms.{name}"] for name in ALGORITHMS}
    return {name: getdoc(home) or "" for name, home in homes.items()}


def _algorithms() -> dict[str, str]:
    return {
        f"{function}/{name}": getdoc(algorithm) or ""
        for function, algorithms in ALGORITHMS.items()
        for name, algorithm in algorithms.items()
    }


def _columns() -> dict[str, str]:
    return {name: figures().get(figure_of(name), "") for name in columns.COLUMNS}


def figure_of(column: str) -> str:
    """Give the dotted name of the figure that a column shows.

    It is the first of which the column's name is a part, where no other is known.
    """
    name = columns.FIGURES.get(column, column.replace("-", "_"))
    return next((f for f in figures() if name == f or name in f.split(".")), name)


KINDS: dict[str, Callable[[], Mapping[str, str]]] = {
    "function": _functions,
    "algorithm": _algorithms,
    "format": lambda: {name: form.note for name, form in FORMATS.items()},
    "order": lambda: {name: getdoc(order) or "" for name, order in ORDERS.items()},
    "cause": lambda: EXPLANATIONS,
    "rule": lambda: {name: text for name, text in RULES.items() if name not in EXPLANATIONS},
    "column": _columns,
    "figure": figures,
    "word": words,
}
"""Texts by name, for each kind of topic, in display order."""
