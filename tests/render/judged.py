"""Reports for every output: what a check found, what a gate says of it, and names made to hurt.

The judgement is written by hand, its figures taken from the cells, so that no output's test needs a
gate.  Formats have at most 16 bits: their figures are the same on every machine.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from math import inf
from pathlib import Path

import numpy as np

import softaudit
from softaudit.audit import audit
from softaudit.plan import make_plan
from softaudit.render import RENDERERS
from softaudit.report import Judgement, Report, Requirement, Ruling, SkippedSource, Verdict
from softaudit.reproduce import row_command
from softaudit.sources.array import from_array
from softaudit.summary import summarize
from softaudit.wording import NO_BREAK, ulps

FIXTURES = Path(__file__).parents[2] / "fixtures"
GOLDENS = Path(__file__).parents[1] / "goldens"

TOOL = {"softaudit": "1.2.3", "python": "3.x", "numpy": "2.x", "mpmath": "1.x", "ml_dtypes": "0.x"}
ENVIRONMENT = {"system": "System", "machine": "machine", "processor_features": ["A", "B"]}

ATTENTION, HEADS = "dumps/attention.npy", "dumps/heads.npz"
HOSTILE = '=we|rd "dümp" <b>&amp; 100%:`a`,\\|_x_ [l](u) @you {0}\n\r\t\x1b\u2028\ue000.npy'


def golden(name: str, text: str) -> None:
    """Compare with a golden file to the byte, or write it where that is asked for."""
    path = GOLDENS / name
    if os.environ.get("SOFTAUDIT_REGENERATE") == "1":
        path.write_bytes(text.encode())
    assert text.encode() == path.read_bytes()


def rendered(kind: str, given: Report, screen=None) -> str:
    """Put the pieces of an output together."""
    return "".join(RENDERERS[kind](given, screen))


def report(*audits, **rest) -> Report:
    return Report(TOOL, ENVIRONMENT, audits, **rest)


@cache
def audits() -> tuple:
    """Attention scores in two formats, and some of them times 3 in one, as an array of an .npz."""
    scores = np.load(FIXTURES / "attention.npy")[:2]
    plan = make_plan({"format": ["float16", "bfloat16"]})
    attention = replace(from_array(scores), name=ATTENTION, command=ATTENTION)
    heads = from_array(np.float16(3 * scores[:, 0]))
    heads = replace(heads, name=HEADS, command=HEADS, key="head 0")
    return audit(attention, plan), audit(heads, make_plan({"format": ["float16"]}))


@cache
def checked() -> Report:
    """What `softaudit check` would render, with a cell and a source that were skipped."""
    asked = {"function": ["softmax"], "format": ["float16"], "compute": ["bfloat16", "float16"]}
    literal = audit(softaudit.read("[[40, 0], [1, nan]]"), make_plan(asked))
    skipped = (SkippedSource("dumps/late.npy", "interrupted"),)
    return report(*audits(), literal, skipped=skipped)


@cache
def interrupted() -> Report:
    """What a run leaves that was interrupted in its first input, and had another to come."""
    late = (SkippedSource("dumps/late.npy", "interrupted"),)
    return report(replace(audits()[0], partial=31), skipped=late)


def _verdict(found, name: str, metric: str, limit: float, standing="required", **rest) -> Verdict:
    cell = next(cell for cell in found.cells if cell.key.name == name)
    group, _, part = metric.partition(".")
    measured = getattr(cell, group)[part]
    worst = cell.worst[0]
    text = f"{metric} is {ulps(measured)}, at{NO_BREAK}most{NO_BREAK}{limit:g} is allowed"
    return Verdict(
        standing,
        rest.pop("passed", measured <= limit),
        rest.pop("level", "error"),
        found.source.input,
        name,
        metric,
        measured,
        limit,
        "at-most",
        rest.pop("text", text),
        worst,
        row_command(found, cell, worst),
    )


STABLE = [f"log_softmax/{form}/stable" for form in ("float16", "bfloat16")]


@cache
def rulings() -> tuple[Ruling, ...]:
    """One that holds, one that fails in two cells, and one that warns."""
    found, heads = audits()
    exact = Requirement("softmax/*/stable", "overflow.result", "at-most", 0.0)
    close = Requirement("log_softmax/*/stable", "ulp.max", "at-most", 100.0, ATTENTION)
    whole = Requirement("*/naive", "overflow.result", "at-most", 0.0, level="warning")
    holds = [_verdict(a, "softmax/float16/stable", "overflow.result", 0.0) for a in (found, heads)]
    fails = [_verdict(found, name, "ulp.max", 100.0) for name in STABLE]
    warns = [
        _verdict(a, "softmax/float16/naive", "overflow.result", 0.0, level="warning")
        for a in (found, heads)
    ]
    return (
        Ruling(exact, tuple(holds), 0.0),
        Ruling(close, tuple(fails), 2040.0),
        Ruling(whole, tuple(warns), 218.0),
    )


@cache
def changes() -> tuple[Verdict, ...]:
    """One of each kind."""
    found, heads = audits()
    new = Verdict(
        "new", True, "warning", heads.source.input, "log_softmax/float16/naive", None, None, None,
        "at-most", "not in the baseline",
    )  # fmt: skip
    stale = Verdict(
        "stale", True, "warning", "dumps/gone.npy", "softmax/float16/stable", None, None, None,
        "at-most", "in the baseline, and not in this run",
    )  # fmt: skip
    worse = "ulp.max is 35, and was 12.5 in the baseline"
    fixed = "ulp.p99 is 9.6, and was ∞ in the baseline"
    return (
        new,
        _verdict(found, "softmax/bfloat16/stable", "ulp.max", 12.5, "worse", text=worse),
        _verdict(found, "softmax/float16/naive", "ulp.p99", inf, "fixed", text=fixed),
        stale,
    )


@cache
def judged() -> Report:
    """What `softaudit gate` would render where it fails."""
    given = [verdict for ruling in rulings() for verdict in ruling.verdicts] + list(changes())
    failed = sorted(
        (verdict for verdict in given if not verdict.passed),
        key=lambda verdict: (verdict.level != "error", -(verdict.measured / (verdict.limit or 1))),
    )
    note = "the baseline was made with other processor features (A, C): float32 may differ"
    judgement = Judgement(rulings(), changes(), 16, (note,), tuple(failed))
    return report(*audits(), judgement=judgement)


@cache
def passed() -> Report:
    """What `softaudit gate` would render where everything holds."""
    return report(*audits(), judgement=Judgement(rulings()[:1], (), None, (), ()))


DIGITS = "dumps/checkpoint-20000/layer11/digits.npy"


@cache
def batch_audits() -> tuple:
    """Attention scores, some of them times 3, and the first digits: of two files, 2 + 1 arrays."""
    plan = make_plan({"format": ["float16", "bfloat16"]})
    scores, digits = np.load(FIXTURES / "attention.npy")[:2], np.load(FIXTURES / "digits_mlp.npy")
    given = [
        (scores[:, 0], ATTENTION, "head 0"),
        (scores[:, 1] * 3, ATTENTION, "head 1"),
        (digits[:40], DIGITS, None),
    ]
    return tuple(
        audit(replace(from_array(values), name=name, command=name, key=key), plan)
        for values, name, key in given
    )


TORN = SkippedSource("dumps/torn.npy", "is cut short: 128 bytes of data instead of 4096")


@cache
def batch() -> Report:
    """What `softaudit report` would render: three inputs of two files, and one that is torn."""
    return report(*batch_audits(), skipped=(TORN,), summary=summarize(batch_audits()))


@cache
def batch_interrupted() -> Report:
    """The same of a run that was interrupted before one more file."""
    return replace(batch(), skipped=(TORN, SkippedSource("dumps/late.npy", "interrupted")))


@cache
def hostile() -> Report:
    """A failing gate and a warning, all of whose names are hostile."""
    source = replace(from_array(np.float16([[12.0, 1.0], [0.0, -20.0]])), name=HOSTILE, key=HOSTILE)
    found = audit(source, make_plan({"format": ["float16"]}))
    failed = _verdict(found, "softmax/float16/naive", "ulp.max", 1.0, text=f"bad: {HOSTILE}")
    failed = replace(failed, cell=HOSTILE, command=f"softaudit check {HOSTILE}```")
    warned = replace(failed, level="warning", standing="worse")
    asked = Requirement(HOSTILE, HOSTILE, "at-least", inf, HOSTILE, origin=HOSTILE)
    judgement = Judgement(
        (Ruling(asked, (failed,), inf),), (warned,), 1, (HOSTILE,), (failed, warned)
    )
    skipped = (SkippedSource(HOSTILE, HOSTILE),)
    return report(found, skipped=skipped, judgement=judgement)


REPORTS = {
    "checked": checked,
    "judged": judged,
    "passed": passed,
    "hostile": hostile,
    "batch": batch,
}
