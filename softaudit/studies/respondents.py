"""Who answers edge rows: our own algorithms, and implementations in processes of their own."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from softaudit import algorithms
from softaudit.algorithms import ALGORITHMS
from softaudit.arithmetic import Evaluation
from softaudit.implementations import Unanswered
from softaudit.keys import make_key
from softaudit.problem import pose
from softaudit.studies.conformance import Unasked, Unreturned
from softaudit.studies.conforming import Respondent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.implementations import Implementation, Runner
    from softaudit.model import Function


class OwnAlgorithm:
    """One of our own algorithms, whose every step is done in the format asked for."""

    def __init__(self, name: str) -> None:
        self.about = Respondent(name, "algorithm", name)

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


GIVEN_UP_AFTER = 3
"""Questions in a row on which somebody may waste time."""

WASTED = 5.0
"""Seconds from which a question without an answer is a waste of time; what raises is quicker."""


class Running:
    """An implementation in a process of its own.

    What hangs or dies slowly on several questions in a row is not asked any more: it would take
    hours to learn nothing else.

    Parameters
    ----------
    implementation : Implementation
    runner : Runner
        Of it.
    """

    def __init__(self, implementation: Implementation, runner: Runner) -> None:
        self._implementation, self._runner = implementation, runner
        self._wasted = 0

    @property
    def about(self) -> Respondent:
        """Who it is, with version and device once it has started."""
        about = self._runner.about
        version, device = (about.version, about.device) if about else (None, None)
        named = self._implementation
        return Respondent(named.name, "implementation", named.word, version, device)

    def ask(
        self, function: Function, logits: NDArray[np.float64], form: Format
    ) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """See `softaudit.studies.conformance.Asked`."""
        if function not in self._implementation.functions:
            raise Unasked(f"has no {function}")
        if form.name not in self._implementation.formats:
            raise Unasked(f"takes no {form.name}")
        if self._wasted >= GIVEN_UP_AFTER:
            raise Unreturned(f"was given up after {GIVEN_UP_AFTER} questions that took too long")
        begun = monotonic()
        try:
            answer = self._runner.ask(function, logits, form)
        except Unanswered as unanswered:
            self._wasted = self._wasted + 1 if monotonic() - begun > WASTED else 0
            raise Unreturned(unanswered.reason) from unanswered
        self._wasted = 0
        return answer.values, answer.remarks
