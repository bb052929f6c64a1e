"""Who answers edge rows: our own algorithms, and implementations in processes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit import algorithms
from softaudit.algorithms import ALGORITHMS
from softaudit.arithmetic import Evaluation
from softaudit.plan import make_key
from softaudit.problem import pose
from softaudit.studies.conformance import Unasked, Unreturned
from softaudit.studies.conforming import Respondent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import Function


class OwnAlgorithm:
    """One of our own algorithms, whose every step is done in the format asked for."""

    def __init__(self, name: str) -> None:
        self.about = Respondent(name, "algorithm")

    def ask(
        self, function: Function, logits: NDArray[np.float64], form: Format
    ) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """See `softaudit.studies.conformance.Asked`."""
        if self.about.name not in ALGORITHMS[function]:
            raise Unasked(f"no algorithm of {function}")
        if not logits.size:
            raise Unasked("algorithms of softaudit's own take rows of one logit or more")
        key = make_key(function, form.name, self.about.name)
        evaluation = Evaluation(pose(logits, form, 1.0), key.arithmetic)
        return algorithms.run(key, evaluation).values.astype(np.float64), ()
