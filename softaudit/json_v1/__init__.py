"""The JSON contract, schema 1: apart from the data types, so that changing one breaks no user.

Not applicable is null; NaN and infinities are the strings "nan", "inf", "-inf"; numbers are given
as they are, not rounded.  Keys may be added; none changes its meaning.  `schema.json` says the same
as a JSON Schema.
"""

from softaudit.figures import CELL_FIGURES, FIGURES
from softaudit.json_v1.read import audit_from_json, from_json, read_report
from softaudit.json_v1.write import (
    SCHEMA,
    as_json,
    audit_to_json,
    head_to_json,
    summary_to_json,
    tail_to_json,
    to_json,
    used_to_json,
    verdict_to_json,
)

__all__ = [
    "CELL_FIGURES",
    "FIGURES",
    "SCHEMA",
    "as_json",
    "audit_from_json",
    "audit_to_json",
    "from_json",
    "head_to_json",
    "read_report",
    "summary_to_json",
    "tail_to_json",
    "to_json",
    "used_to_json",
    "verdict_to_json",
]
