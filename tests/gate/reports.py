"""Reports whose figures are written by hand: what a gate says of them is known beforehand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import softaudit
from softaudit.keys import make_key
from softaudit.report import Report

if TYPE_CHECKING:
    from softaudit.model import Audit, Cell

TOOL = {"softaudit": "1.2.3", "python": "3.x", "numpy": "2.x", "mpmath": "1.x", "ml_dtypes": "0.x"}
FEATURES = ["AVX2", "FMA3"]
ENVIRONMENT = {"system": "System", "machine": "machine", "processor_features": FEATURES}


def key(name: str):
    function, arithmetic, algorithm = name.split("/")
    form, *rest = arithmetic.split(":")
    return make_key(function, form, algorithm, *rest)


@cache
def _template() -> Audit:
    literal = softaudit.read("[[12, 1], [0, -20]]")
    return softaudit.audit(literal, function="softmax", format="float16", algorithm="stable")


def cell(name: str, figures: dict[str, float | None] | None = None) -> Cell:
    """Give a cell in which nothing happened, but for figures by their dotted names."""
    made = replace(_template().cells[0], key=key(name), events={}, causes={}, breaks={})
    quiet = {
        "rows": dict.fromkeys(made.rows, 0),
        "overflow": dict.fromkeys(made.overflow, 0),
        "underflow": {**dict.fromkeys(made.underflow, 0), "lost_mass": 0.0},
        "ulp": {**dict.fromkeys(made.ulp, 0.25), "max": 0.5, "mean_over": 4},
    }
    for figure, value in (figures or {}).items():
        group, _, part = figure.partition(".")
        if part:
            quiet[group] = {**quiet[group], part: value}
        else:
            quiet[group] = value
    return replace(made, **quiet)


def audit(*cells: Cell, name: str = "a.npy", **rest) -> Audit:
    """Give an audit of a file."""
    made = _template()
    hashed = rest.pop("sha256", "0" * 64)
    source = replace(made.source, name=name, command=name, format="float32", sha256=hashed,
                     axis=rest.pop("axis", -1), key=rest.pop("key", None))  # fmt: skip
    return replace(made, source=source, cells=cells, tables=(), **rest)


def report(*audits: Audit, features: list[str] | None = None, numpy: str = "2.x", **rest) -> Report:
    """Give a report."""
    environment = {**ENVIRONMENT, "processor_features": FEATURES if features is None else features}
    return Report({**TOOL, "numpy": numpy}, environment, audits, **rest)


STABLE, NAIVE = "softmax/float32/stable", "softmax/float16/naive"


def one(figures: dict[str, float | None] | None = None, name: str = STABLE, **rest) -> Report:
    """Give a report of a single cell."""
    return report(audit(cell(name, figures)), **rest)


__all__ = ["FEATURES", "NAIVE", "STABLE", "audit", "cell", "key", "one", "report"]
