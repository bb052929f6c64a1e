"""CSV: the JSON contract's figures, each in its column, and nothing that a spreadsheet runs."""

from __future__ import annotations

import csv
import json
from io import StringIO

import numpy as np
import pytest

from softaudit.render.csv import COLUMNS

from .judged import REPORTS, checked, golden, hostile, rendered, report


def records(given) -> list[dict[str, str]]:
    text = rendered("csv", given)
    assert text.count("\r\n") == text.count("\n") == text.count("\r")
    return list(csv.DictReader(StringIO(text, newline=""), strict=True))


NO_FIGURES = (
    *("worst", "histogram", "gaps", "by_axis", "events", "causes", "breaks", "degenerate"),
)


def leaves(part, name: str = ""):
    """Give figures by their dotted names; lists and what happens by chance are none."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key not in NO_FIGURES:
                yield from leaves(value, f"{name}.{key}" if name else key)
    elif not isinstance(part, list):
        yield name, part


def same(field: str, value) -> bool:
    if isinstance(value, bool):
        return field == json.dumps(value)
    if value is None or isinstance(value, str):
        return field == (value or "")
    return float(field) == value


@pytest.mark.parametrize("name", ["checked", "judged"])
def test_every_figure_of_the_contract_is_there_and_not_rounded(name):
    document = json.loads(rendered("json", REPORTS[name]()))
    cells = [(found, cell) for found in document["audits"] for cell in found["cells"]]
    found = records(REPORTS[name]())
    assert len(found) == len(cells)
    for record, (audit, cell) in zip(found, cells, strict=True):
        for column, value in leaves(cell):
            if column not in ("row_sum", "bound", "condition", "quality", "quality.top_k", "ratio"):
                assert same(record[column], value), (column, record[column], value)
        for column in ("index", *cell["worst"][0]):
            value = cell["worst"][0][column]
            if column == "index":
                value = ",".join(map(str, value))
            assert same(record[f"worst.{column}"], value)
        assert record["source.shape"] == "x".join(map(str, audit["source"]["shape"]))
        assert record["temperature"] == "1.0"
        assert record["sampled"] == ""


def test_infinities_and_nan_are_numbers_to_whoever_reads_them():
    by_name = {record["name"]: record for record in records(checked())}
    naive = by_name["softmax/float16/naive"]
    assert naive["ulp.max"] == "inf"
    assert naive["worst.computed"] == "nan"
    assert by_name["log_softmax/float16/naive"]["row_sum.max_defect"] == ""


def test_numpy_reads_columns():
    text = rendered("csv", checked())
    table = np.loadtxt(
        StringIO(text), delimiter=",", skiprows=1, quotechar='"', usecols=COLUMNS.index("ulp.p99")
    )
    expected = [cell.ulp["p99"] for audit in checked().audits for cell in audit.cells]
    np.testing.assert_array_equal(table, expected)


def test_no_name_is_a_formula():
    for record in records(hostile()):
        for column, field in record.items():
            try:
                float(field)
            except ValueError:
                assert not field.startswith(("=", "+", "-", "@", "\t", "\r")), column
        assert record["input"].startswith("'=we|rd")
        assert len(record) == len(COLUMNS)
        assert "\n" not in "".join(record.values())


def test_a_report_without_cells_is_a_header():
    assert rendered("csv", report()).split("\r\n") == [",".join(COLUMNS), ""]


def test_golden():
    golden("cells.csv", rendered("csv", checked()))
