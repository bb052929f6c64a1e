"""The data types that travel: logits, problem, output, enclosure, cell, audit.

Every arrow of the pipeline is a function call with these as arguments.  They are frozen, the
arrays in them are not written to after construction, and nothing in here computes.
"""

from __future__ import annotations

from softaudit.model.audit import Audit, ReferenceUse, Used
from softaudit.model.cell import (
    AxisMap,
    Bound,
    Cell,
    Condition,
    Degenerate,
    Event,
    RowQuality,
    Worst,
)
from softaudit.model.enclosure import PLAIN, TIERS, Decision, Enclosure
from softaudit.model.key import Arithmetic, CellKey, Function, Posing, arithmetic_name
from softaudit.model.logits import WHOLE, Logits, Source, Window
from softaudit.model.output import Output, Steps
from softaudit.model.plan import Plan, SkippedCell
from softaudit.model.problem import Problem, RowKind
from softaudit.model.row_table import ElementResult, RowElement, RowTable
from softaudit.model.rows import take_rows

__all__ = [
    "PLAIN",
    "TIERS",
    "WHOLE",
    "Arithmetic",
    "Audit",
    "AxisMap",
    "Bound",
    "Cell",
    "CellKey",
    "Condition",
    "Decision",
    "Degenerate",
    "ElementResult",
    "Enclosure",
    "Event",
    "Function",
    "Logits",
    "Output",
    "Plan",
    "Posing",
    "Problem",
    "ReferenceUse",
    "RowElement",
    "RowKind",
    "RowQuality",
    "RowTable",
    "SkippedCell",
    "Source",
    "Steps",
    "Used",
    "Window",
    "Worst",
    "arithmetic_name",
    "take_rows",
]
