"""Requirements as people write them: tables of a TOML file, or words of a command line.

Whatever is unknown is an error that names the nearest valid thing: a gate with a typo must not
pass because it looked at nothing.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from softaudit.algorithms import ALGORITHMS
from softaudit.arithmetic import ORDERS
from softaudit.errors import OptionError
from softaudit.figures import RATIO
from softaudit.formats import FORMATS
from softaudit.gate.matching import is_pattern, matches
from softaudit.implementations import IMPLEMENTATIONS
from softaudit.json_v1 import FIGURES
from softaudit.keys import KEEP, known, make_key
from softaudit.report import SIGNS, Bound, Level, Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEYS = ("where", "metric", "at-most", "at-least", "input", "level")
LEVELS: tuple[Level, ...] = ("error", "warning")

_LINE = re.compile(
    r"\s*(?P<where>\S+?)\s*:\s*(?P<metric>[\w.-]+)\s*(?P<sign>[<>=!]++)\s*(?P<limit>\S+)\s*"
)
_LARGEST = 2**63
"""Counts are less; from some size on no float holds an integer."""
_EXAMPLE = 'write "softmax/float32/*: ulp.max <= 40"'


def parse_requirement(line: str) -> Requirement:
    """Take a requirement apart that stands on a command line.

    Parameters
    ----------
    line : str
        A cell's name, a colon, a metric, <= or >=, and a number.

    Raises
    ------
    OptionError
        If it is not that, or names what does not exist.
    """
    origin = f"--require {line!r}"
    found = _LINE.fullmatch(line)
    if found is None:
        raise OptionError(f"{origin}: {_EXAMPLE}")
    bounds = {sign: bound for bound, sign in SIGNS.items()}
    if found["sign"] not in bounds:
        raise OptionError(f"{origin}: {found['sign']} is no bound: use <= or >=")
    try:
        limit = float(found["limit"])
    except ValueError:
        raise OptionError(f"{origin}: {found['limit']!r} is not a number: {_EXAMPLE}") from None
    return _requirement(
        origin, found["where"], found["metric"], bounds[found["sign"]], limit, None, "error"
    )


def requirement_of_table(table: Mapping[str, Any], origin: str) -> Requirement:
    """Take a requirement that stands in a TOML file.

    Parameters
    ----------
    table : mapping
        where, metric, at-most or at-least, and where wanted input and level.
    origin : str
        Where it stands, for messages.

    Raises
    ------
    OptionError
        If a key is missing or unknown, or names what does not exist.
    """
    for key in table:
        _known(key, KEYS, "key", origin)
    for key in ("where", "metric", "input", "level"):
        value = table.get(key, "")
        if not isinstance(value, str):
            raise OptionError(f"{origin}: {key} is {value!r}: give a string")
        if not value and (key in table or key in ("where", "metric")):
            raise OptionError(f"{origin}: lacks {key!r}")
    bounds = [bound for bound in SIGNS if bound in table]
    if len(bounds) != 1:
        raise OptionError(f"{origin}: give one of at-most and at-least")
    limit = table[bounds[0]]
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        raise OptionError(f"{origin}: {bounds[0]} is {limit!r}: give a number")
    if isinstance(limit, int) and abs(limit) > _LARGEST:
        raise OptionError(f"{origin}: {bounds[0]} is beyond every figure: give inf for no limit")
    level = _known(table.get("level", "error"), LEVELS, "level", origin)
    return _requirement(
        origin, table["where"], table["metric"], bounds[0], limit, table.get("input"), level
    )


def _requirement(
    origin: str,
    where: str,
    metric: str,
    bound: Bound,
    limit: float,
    of_input: str | None,
    level: Any,
) -> Requirement:
    if math.isnan(limit):
        raise OptionError(f"{origin}: nan is no limit: give a number")
    _check_metric(metric, origin)
    try:
        name = _cell_pattern(where)
    except OptionError as error:
        raise OptionError(f"{origin}: {error}") from None
    return Requirement(name, metric, bound, limit, of_input, level, origin)


def _check_metric(name: str, origin: str) -> None:
    """Check a figure's name; who gives a part of one is told those that have it."""
    having = [figure for figure in FIGURES if name in figure.split(".")]
    if name not in RATIO:  # whose names end in those of the figures that are divided
        having = [figure for figure in having if not figure.startswith(RATIO)]
    if having and name not in FIGURES:
        raise OptionError(f"{origin}: metric {name!r} is part of {', '.join(having)}: give one")
    _known(name, FIGURES, "metric", origin)


def _known(name: str, choices: Iterable[str], kind: str, origin: str) -> str:
    """Check a name against its choices; see `keys.known`, but with the place in front."""
    try:
        return known(name, choices, kind)
    except OptionError as error:
        raise OptionError(f"{origin}: {error}") from None


def _cell_pattern(where: str) -> str:
    """Check the parts of a cell's name; an arithmetic without wildcards loses its defaults."""
    parts = where.split("/")
    if "*" in where and len(parts) < 3:
        return _check_short(where, *parts)
    if len(parts) != 3:
        raise OptionError(f"{where!r} is no cell: function/format/algorithm, such as {_A_CELL}")
    function, arithmetic, algorithm = parts
    base, *modes = arithmetic.split("+")
    steps = base.split(":")
    if len(steps) > 4:
        form = "format[:compute[:accumulate[:order]]][+flush][+saturate]"
        raise OptionError(f"{where!r} is no cell: {form}")
    _check_part(function, ALGORITHMS, "function")
    kinds = ("format", "compute format", "accumulator format", "summation order")
    if not any("*" in step for step in steps):  # whose * may stand for what is left out
        for step, kind in zip(steps, kinds, strict=False):
            _check_part(step, ORDERS if kind == "summation order" else FORMATS, kind)
    else:
        _check_part(steps[0], FORMATS, "format")
        for step in steps[1:]:
            _check_part(step, {**FORMATS, **ORDERS}, "format or summation order")
    for mode in modes:
        _check_part(mode, MODES, "mode of an arithmetic")
    variant, _, size = algorithm.partition(":")
    _check_algorithm(variant)
    if is_pattern(arithmetic):
        return where
    more: dict[str, Any] = {"saturate": "saturate" in modes}
    more |= {"subnormals": "flush" if "flush" in modes else KEEP}
    if not is_pattern(function + algorithm):
        block_size = _block_size(where, size) if size else None
        ours = "stable" if _is_implementation(variant) else variant
        key = make_key(function, steps[0], ours, *steps[1:], **more, block_size=block_size)
        return replace(key, algorithm=variant).name
    short = make_key("softmax", steps[0], "naive", *steps[1:], **more).arithmetic.name
    return f"{function}/{short}/{algorithm}"


def _block_size(where: str, size: str) -> int:
    if not size.isdecimal():
        raise OptionError(f"{where!r} is no cell: {size!r} is no block size")
    return int(size)


MODES = ("flush", "saturate")


def _check_short(where: str, function: str, rest: str = "*") -> str:
    """Check a pattern of which a * stands for parts of the name, and give it back."""
    if rest != "*" and not is_pattern(rest):
        _check_algorithm(rest)
    if "/" in where:
        _check_part(function, ALGORITHMS, "function")
    return where


_A_CELL = "softmax/float32/stable"
_OURS = dict.fromkeys(name for of in ALGORITHMS.values() for name in of)


def _is_implementation(name: str) -> bool:
    """Whether it is somebody else's: a framework's, or with the dot of functions and files."""
    return "." in name or name in IMPLEMENTATIONS


def _check_algorithm(name: str) -> None:
    """Check an algorithm's or a framework's name; a function of a user's may be called anything."""
    if "." not in name:
        _check_part(name, (*_OURS, *IMPLEMENTATIONS), "algorithm")


def _check_part(part: str, names: Iterable[str], kind: str) -> None:
    if not is_pattern(part):
        known(part, names, kind)
    elif not part.startswith("*") and not any(matches(n, part) for n in names):
        known(part.strip("*?"), names, kind)
