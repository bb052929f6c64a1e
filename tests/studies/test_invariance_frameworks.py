"""What installed frameworks do: all probes answered, and what follows from how they compute."""

from __future__ import annotations

from math import isfinite
from pathlib import Path

import numpy as np
import pytest

from softaudit.implementations import IMPLEMENTATIONS
from softaudit.sources import read
from softaudit.sources.array import from_array
from softaudit.studies.invariance import invariance
from softaudit.studies.probed import Difference
from softaudit.studies.probes import PROBES
from softaudit.studies.respondents import respondents

pytestmark = pytest.mark.frameworks

ATTENTION = Path(__file__).parents[2] / "fixtures" / "attention.npy"


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_every_probe_is_answered(name):
    """All of them subtract the maximum first, so that an exact shift gives the same bits.

    64 rows are one batch of 64: jax compiles anew for every shape.
    """
    formats = ("float16", "float32")
    found = invariance(read(str(ATTENTION))[0], respondents([name]), formats=formats, sample=64)
    (who,) = found.respondents
    assert who.version
    assert who.device.startswith("cpu")
    assert {p.function for p in found.probes} == {"softmax", "log_softmax"}
    assert len(found.probes) == 2 * len(formats) * len(PROBES)
    for probed in found.probes:
        assert probed.verdict in ("same", "differs"), probed.reason
        assert isfinite(probed.distance)
        if probed.probe in ("shift", "run"):
            assert probed.verdict == "same"


def test_a_sum_that_stalls_in_one_layout_alone():
    """NumPy sums float16 in float32 along contiguous rows, and across them in float16.

    There 4096 ones stall at 2048: 2^-11 in place of 2^-12, whose last place is 2^-22.
    """
    found = invariance(from_array(np.zeros((2, 4096))), respondents(["scipy"]), formats=["float16"],
                       functions=["softmax"], probes=["layout"])  # fmt: skip
    transposed, _ = found.probes[0].ways
    assert transposed.largest == Difference((0, 0), 2.0**-12, 2.0**-11, 1024.0)
    assert transposed.differ == 2 * 4096
