"""The gate: judges a report, fresh or read back, by requirements and by a baseline.

It computes nothing.  What it cannot judge is an error and never a pass: a requirement that matches
no cell, a figure that is not there, a result that is partial or has values undecided.
"""

from softaudit.gate.baseline import Baseline, baseline_text
from softaudit.gate.comparison import Tolerance
from softaudit.gate.difference import Difference, difference
from softaudit.gate.judging import check_complete, judge
from softaudit.gate.policy import parse_requirement, requirement_of_table
from softaudit.gate.reading import read_baseline

__all__ = [
    "Baseline",
    "Difference",
    "Tolerance",
    "baseline_text",
    "check_complete",
    "difference",
    "judge",
    "parse_requirement",
    "read_baseline",
    "requirement_of_table",
]
