"""Who answers the problem: our own algorithms, or somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from softaudit import algorithms

if TYPE_CHECKING:
    from softaudit.block import Block
    from softaudit.model import CellKey, Output


class Implementation(Protocol):
    """Who answers the problem: our algorithms, or somebody else."""

    @property
    def keeps_steps(self) -> bool:
        """Whether outputs come with the steps from which causes are told."""

    def answer(self, key: CellKey, block: Block) -> Output:
        """Give a cell's outputs on a block; of logsumexp, one for every row."""


class Algorithms:
    """Our own algorithms, each in the arithmetic of its cell."""

    keeps_steps = True

    def answer(self, key: CellKey, block: Block) -> Output:
        """Run a cell's algorithm on a block."""
        return algorithms.run(key, block.evaluation(key.arithmetic))
