"""Reports of hundreds of files: no output has more than one audit at a time, nor all of its text.

The audits are made when they are asked for, as those that are read from a journal.
"""

from __future__ import annotations

import gc
import json
import tracemalloc
import weakref
from collections.abc import Collection
from dataclasses import fields, replace

import pytest

from softaudit.json_v1 import to_json
from softaudit.model import Audit
from softaudit.render import RENDERERS
from softaudit.render.screen import Screen
from softaudit.summary import summarize

from .judged import REPORTS, TORN, batch_audits, rendered, report

WHOLE = ("junit", "sarif", "github", "html")
"""Outputs that say first how much is in them, or what is worst: they keep what is small."""


class Heavy(Audit):
    """An audit of which it can be seen whether it is still there, and which it is dear to keep."""

    __slots__ = ("__weakref__", "ballast")


class OneByOne(Collection):
    """Audits that are made as they are gone through, and none while another is still needed."""

    def __init__(self, number: int) -> None:
        self.number, self.passes = number, 0
        found = batch_audits()[1]
        parts = {field.name: getattr(found, field.name) for field in fields(found)}
        self.parts = {**parts, "cells": (replace(found.cells[0], histogram={0: 1}),)}

    def __len__(self) -> int:
        return self.number

    def __contains__(self, _) -> bool:
        raise AssertionError("nobody looks for an audit")

    def __iter__(self):
        self.passes += 1
        made = []
        for i in range(self.number):
            alive = [one for one in made if one() is not None]
            assert len(alive) <= 1  # the one given last, which the loop still names
            yield self._make(i, made)

    def _make(self, number: int, made: list) -> Heavy:
        source = replace(self.parts["source"], name=f"layer{number:03}.npy", command="x.npy")
        audit = Heavy(**{**self.parts, "source": source})
        object.__setattr__(audit, "ballast", bytearray(100_000))
        made.append(weakref.ref(audit))
        return audit


def batch_of(number: int):
    audits = OneByOne(number)
    found = replace(report(skipped=(TORN,)), audits=audits, summary=summarize(audits))
    audits.passes = 0
    return found


@pytest.mark.parametrize("kind", RENDERERS)
def test_one_audit_at_a_time_and_all_of_them_once(kind):
    found = batch_of(4)
    pieces = list(RENDERERS[kind](found, None))
    assert found.audits.passes == 1
    assert "layer003.npy" in "".join(pieces)
    alone = list(RENDERERS[kind](batch_of(1), None))
    if kind not in WHOLE:
        assert max(map(len, pieces)) <= 1.2 * max(map(len, alone))


@pytest.mark.parametrize(("kind", "end"), [("table", "dumps/torn.npy"), ("markdown", "“·” is")])
def test_the_summary_alone_goes_through_none(kind, end):
    found = batch_of(4)
    text = rendered(kind, found, Screen(overview=True))
    assert found.audits.passes == 0
    summary, _, rest = text.partition(end)
    assert rendered(kind, found).startswith(summary)
    assert TORN.reason in rest
    assert len(rest) < 200


def peak(kind: str, number: int) -> int:
    found, screen = batch_of(number), Screen(quiet=True)
    gc.collect()
    tracemalloc.start()
    try:
        for _ in RENDERERS[kind](found, screen):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", RENDERERS)
@pytest.mark.processes
def test_memory_does_not_grow_with_the_number_of_inputs(kind):
    """But for what is small of each: an audit has 100 kB here, and its cell 3 kB of JSON."""
    peak(kind, 22)  # what is imported, and what rich keeps of texts, is there for good
    small, large = peak(kind, 2), peak(kind, 22)
    assert large - small < 20 * (8_000 if kind in WHOLE else 2_000)


@pytest.mark.parametrize("name", REPORTS)
def test_json_is_the_document_in_one(name):
    whole = json.dumps(to_json(REPORTS[name]()), ensure_ascii=False, allow_nan=False)
    assert rendered("json", REPORTS[name]()) == f"{whole}\n"
