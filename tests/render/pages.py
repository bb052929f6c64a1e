"""Reports for pages: two inputs with gaps and maps, one of them with a name that ends a script.

The histogram's errors are put at gaps by a rule of thumb, the gap of a bin's number: what a page
shows of gaps does not depend on how they come about.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from math import prod

import numpy as np

from softaudit.audit import audit
from softaudit.metrics import INFINITE_BIN, ONE_ULP_BIN
from softaudit.model import AxisMap
from softaudit.plan import make_plan
from softaudit.report import Report, SkippedSource
from softaudit.sources.array import from_array
from softaudit.summary import summarize

from .judged import FIXTURES, report

PLAIN, HOSTILE = "run/layer0.npy", 'run/<script>alert(1)</script>"&amp;]]>.npy'
SKIPPED = SkippedSource("run/<b>.npy", "truncated: 12 of 40 bytes </script>")
PLAN = {"format": ["float16"], "function": ["softmax", "log_softmax", "logsumexp"],
        "algorithm": ["naive", "stable"]}  # fmt: skip


def with_gaps(found):
    """Give an audit cells with gaps, and maps where the logits have three axes."""
    return replace(found, cells=tuple(_with_gaps(cell, found) for cell in found.cells))


def _with_gaps(cell, found):
    if cell.key.function == "logsumexp":
        return replace(cell, gaps=None, by_axis=None)
    gaps = Counter()
    for index, number in cell.histogram.items():
        error = -((ONE_ULP_BIN - index) // 64) if index != INFINITE_BIN else 81
        gaps[index % 60 - 20, max(min(error, 81), -20)] += number
    shape = found.source.shape[: min(2, len(found.source.shape) - 2)]
    if not shape:
        return replace(cell, gaps=dict(sorted(gaps.items())))
    largest = (cell.ulp["max"], *[0.25] * (prod(shape) - 2), None)
    return replace(cell, gaps=dict(sorted(gaps.items())), by_axis=AxisMap(shape, largest))


@cache
def audits() -> tuple:
    """Audit attention scores under a plain name, and twice as large ones under a hostile one."""
    scores = np.load(FIXTURES / "attention.npy")[:2, :6]
    named = ((PLAIN, scores), (HOSTILE, 2 * scores))
    sources = (
        replace(from_array(values), name=name, command=f"'{name}'") for name, values in named
    )
    return tuple(with_gaps(audit(source, make_plan(PLAN))) for source in sources)


@cache
def batch() -> Report:
    """What many files give: a summary, and one that was skipped."""
    return report(*audits(), skipped=(SKIPPED,), summary=summarize(audits()))


def single() -> Report:
    """Give one input in one cell."""
    plan = make_plan({"format": ["float16"], "function": ["softmax"], "algorithm": ["stable"]})
    return report(with_gaps(audit(from_array(np.float16([[[12.0, 1.0, -2.5]]])), plan)))


def many(number: int) -> Report:
    """Give a report of so many inputs, under names of a usual length, in all default cells."""
    scores = np.load(FIXTURES / "attention.npy")[:, :, ::15]
    one = with_gaps(audit(from_array(scores), make_plan({})))
    names = (f"run-7/checkpoint-{i // 12:03d}000/layer{i % 12:02d}.attn.npy" for i in range(number))
    return report(
        *(replace(one, source=replace(one.source, name=name, command=name)) for name in names)
    )
