"""A sweep for programs: JSON, and CSV with a line for each cell and temperature.

Figures have the names of the JSON contract, and are not rounded.
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from io import StringIO
from typing import TYPE_CHECKING, Any

from softaudit.figures import OWN_FIGURES, nested
from softaudit.json_v1 import SCHEMA, as_json

if TYPE_CHECKING:
    from softaudit.model import Source
    from softaudit.render.screen import Screen
    from softaudit.studies.swept import Point, Stretch, Sweep, SweptCell


def render_json(sweep: Sweep, screen: Screen | None = None) -> str:  # noqa: ARG001
    """Render a sweep as one JSON document, the same bytes for the same sweep."""
    document = {
        "schema": SCHEMA,
        "sweep": {
            "source": _source(sweep.source),
            "sampled": sweep.sampled,
            "partial": sweep.partial,
            "elementary": sweep.elementary,
            "range": sweep.range,
            "widest": sweep.widest,
            "grid": sweep.grid,
            "cells": [_cell(cell) for cell in sweep.cells],
            "skipped": [asdict(skipped) for skipped in sweep.skipped],
        },
    }
    return json.dumps(as_json(document), ensure_ascii=False, allow_nan=False) + "\n"


def render_csv(sweep: Sweep, screen: Screen | None = None) -> str:  # noqa: ARG001
    """Render a sweep as comma-separated values: one line for each cell and temperature."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(("name", *_ABOUT, *OWN_FIGURES))
    for cell in sweep.cells:
        for point in cell.points:
            about = [as_json(getattr(point, name)) for name in _ABOUT]
            writer.writerow((cell.key.name, *about, *_figures(point).values()))
    return text.getvalue()


_ABOUT = ("temperature", "rounded", "state", "cause")


def _source(source: Source) -> dict[str, Any]:
    return {name: value for name, value in asdict(source).items() if name != "command"}


def _cell(cell: SweptCell) -> dict[str, Any]:
    arithmetic = cell.key.arithmetic
    return {
        "name": cell.key.name,
        "function": cell.key.function,
        "format": arithmetic.storage.name,
        "compute": arithmetic.compute.name,
        "accumulate": arithmetic.accumulate.name,
        "order": arithmetic.order,
        "algorithm": cell.key.algorithm,
        "points": [_point(point) for point in cell.points],
        "ranges": [_stretch(stretch) for stretch in cell.stretches],
    }


def _point(point: Point) -> dict[str, Any]:
    about = {name: getattr(point, name) for name in _ABOUT}
    return about if point.cell is None else about | nested(_figures(point))


def _figures(point: Point) -> dict[str, Any]:
    """Give a point's figures by dotted name; all None where there was nothing to ask."""
    cell = point.cell
    return {name: None if cell is None else as_json(of(cell)) for name, of in OWN_FIGURES.items()}


def _stretch(stretch: Stretch) -> dict[str, Any]:
    return {
        "state": stretch.state,
        "low": stretch.points[0].temperature,
        "high": stretch.points[-1].temperature,
        "before": stretch.before,
        "after": stretch.after,
        "cause": stretch.cause,
    }
