"""What probes found for programs: JSON, and CSV with a line for each way to ask.

Distances are in ulp of the exact value, and numbers are not rounded.
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from io import StringIO
from typing import TYPE_CHECKING, Any

from softaudit.json_v1 import SCHEMA, as_json, used_to_json
from softaudit.render.facts import line
from softaudit.report import make_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.render.screen import Screen
    from softaudit.studies.probed import Compared, Invariance, Probed


def render_json(found: Invariance, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render what probes found as one JSON document, the same bytes for the same findings."""
    source = {name: value for name, value in asdict(found.source).items() if name != "command"}
    about = make_report(())
    document = {
        "schema": SCHEMA,
        "tool": about.tool,
        "environment": about.environment,
        "invariance": {
            "source": source,
            "sampled": found.sampled,
            "partial": found.partial,
            "range": found.range,
            "widest": found.widest,
            "respondents": [used_to_json(used) for used in found.respondents],
            "probes": [_probed(probed) for probed in found.probes],
            "skipped": [asdict(skipped) for skipped in found.skipped],
            "unsteady": found.unsteady,
        },
    }
    yield json.dumps(as_json(document), ensure_ascii=False, allow_nan=False) + "\n"


_ABOUT = ("name", "implementation", "function", "format", "probe", "verdict", "reason")


def _probed(probed: Probed) -> dict[str, Any]:
    about = {name: getattr(probed, name) for name in _ABOUT}
    return about | {"ulp": probed.distance, "ways": [_way(way) for way in probed.ways]}


_WAY = ("way", "rows", "left_out", "elements", "differ", "ulp")
_LARGEST = ("index", "first", "second")


def _way(way: Compared) -> dict[str, Any]:
    counts = {name: getattr(way, name) for name in _WAY[:-1]}
    largest = None if way.largest is None else asdict(way.largest)
    return counts | {
        "ulp": 0.0 if largest is None else largest["ulp"],
        "largest": None if largest is None else {name: largest[name] for name in _LARGEST},
    }


def render_csv(found: Invariance, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render what probes found as comma-separated values: one line for each way to ask.

    A probe that was not asked has one line, with the reason.
    """
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow((*_ABOUT, *_WAY, *_LARGEST))
    writer.writerows(fields for probed in found.probes for fields in _lines(probed))
    yield text.getvalue()


def _lines(probed: Probed) -> Iterator[list[Any]]:
    about = [line(getattr(probed, name) or "") for name in _ABOUT]
    for way in map(_way, probed.ways):
        largest = way["largest"] or dict.fromkeys(_LARGEST)
        index = largest["index"] and " ".join(map(str, largest["index"]))
        rest = [index, *(as_json(largest[name]) for name in _LARGEST[1:])]
        yield [*about, *(as_json(way[name]) for name in _WAY), *rest]
    if not probed.ways:
        yield [*about, *[None] * len((*_WAY, *_LARGEST))]
