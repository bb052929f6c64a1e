"""Ctrl-C: what is done is printed, marked partial, and the process ends with 130."""

from __future__ import annotations

import json
import os
import signal
from contextlib import contextmanager

import numpy as np
import pytest

from softaudit.audit import audit
from softaudit.cli.interrupt import deferred
from softaudit.face import from_array
from softaudit.plan import make_plan

ROWS = np.random.default_rng(2).normal(0, 5, (7, 4)).round(3)


def test_the_first_interrupt_waits_and_the_second_does_not():
    with deferred() as stopped:
        assert not stopped()
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_is_done_is_the_audit_of_the_rows_done():
    plan = make_plan({"format": ["float16"]})
    found = audit(from_array(ROWS), plan, block=8, heard=lambda _: True)
    alone = audit(from_array(ROWS[:2]), plan)
    assert (found.partial, alone.partial) == (2, None)
    for cell, same in zip(found.cells, alone.cells, strict=True):
        assert (cell.rows, cell.ulp, cell.histogram) == (same.rows, same.ulp, same.histogram)


def test_work_that_was_done_in_time_is_not_partial():
    plan = make_plan({"format": ["float16"]})
    assert audit(from_array(ROWS), plan, heard=lambda _: True).partial is None


@pytest.fixture
def _interrupted(monkeypatch):
    @contextmanager
    def at_once():
        yield lambda: True

    monkeypatch.setattr("softaudit.cli.interrupt.deferred", at_once)


@pytest.mark.usefixtures("_interrupted")
def test_an_interrupted_check(softaudit, monkeypatch):
    np.save("a.npy", ROWS)
    found = softaudit("check", "a.npy", "--format", "float16")
    # Nothing was begun before the interrupt came.
    assert found.code == 130
    assert "a.npy: skipped: interrupted" in found.out
    document = json.loads(softaudit("check", "a.npy", "--output-format", "json").out)
    assert document["audits"] == []
    assert document["skipped"] == [{"source": "a.npy", "reason": "interrupted"}]


def test_a_check_that_is_interrupted_half_way(softaudit, monkeypatch):
    np.save("a.npy", ROWS)
    np.save("b.npy", ROWS)
    asked = iter([False, True, True, True])

    @contextmanager
    def half_way():
        yield lambda: next(asked)

    monkeypatch.setattr("softaudit.cli.interrupt.deferred", half_way)
    monkeypatch.setitem(audit.__kwdefaults__, "block", 8)
    found = softaudit("check", "a.npy", "b.npy", "--output-format", "json")
    assert found.code == 130
    document = json.loads(found.out)
    assert [a["partial"] for a in document["audits"]] == [2]
    assert document["audits"][0]["cells"][0]["rows"]["audited"] == 2
    assert document["skipped"] == [{"source": "b.npy", "reason": "interrupted"}]
