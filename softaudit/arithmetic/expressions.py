"""Steps that several algorithms have in common, done once; of long rows, over all windows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray


def unchecked() -> AbstractContextManager[Any]:
    """Silence floating-point warnings: overflow here is a measurement, not an accident."""
    return np.errstate(all="ignore")


class Pending(Exception):  # noqa: N818 -- says where an algorithm waits, not that it failed
    """A reduction of whole rows is asked for, of which not all windows have been seen."""


class Reductions:
    """What algorithms in one arithmetic reduce long rows to, gathered window by window.

    Every sweep over all windows completes the next reduction of each algorithm.
    """

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self.growing: dict[str, Any] = {}

    def complete(self) -> None:
        """Take what has grown over all windows for known."""
        with unchecked():
            for name, grown in self.growing.items():
                self.known[name] = grown.result()
        self.growing.clear()


class Expressions:
    """Values known by the expressions that they are the values of.

    Parameters
    ----------
    reductions : Reductions, optional
        Where the operands are windows of longer rows.
    """

    def __init__(self, reductions: Reductions | None = None) -> None:
        self._reductions = reductions
        self._given: set[str] = set()
        self._values: dict[str, Any] = {}
        self._expressions: dict[int, str] = {}

    def once(self, step: str, do: Callable[..., Any], *operands: NDArray[Any]) -> Any:
        """Do a step, unless it was done to the same operands before."""
        expression = self._name(step, operands)
        if expression not in self._values:
            self._values[expression] = value = do(*operands)
            parts = value if isinstance(value, tuple) else (value,)
            for i, part in enumerate(parts):
                self._expressions.setdefault(id(part), f"{expression}.{i}" if i else expression)
        return self._values[expression]

    def _name(self, step: str, operands: tuple[NDArray[Any], ...]) -> str:
        return f"{step}({', '.join(map(self._expression, operands))})"

    def reduced(self, step: str, fresh: Callable[[], Any], *operands: NDArray[Any]) -> Any:
        """Reduce whole rows, of which the operands may be a window.

        Raises
        ------
        Pending
            If not all windows have been seen.
        """
        return self.once(
            step, partial(self._gathered, self._name(step, operands), fresh), *operands
        )

    def _gathered(self, name: str, fresh: Callable[[], Any], *operands: NDArray[Any]) -> Any:
        if self._reductions is None:
            gathering = fresh()
            gathering.add(*operands)
            return gathering.result()
        if name not in self._reductions.known:
            if name not in self._given:
                self._reductions.growing.setdefault(name, fresh()).add(*operands)
                self._given.add(name)
            raise Pending(name)
        return self._reductions.known[name]

    def _expression(self, array: NDArray[Any]) -> str:
        # Arrays are kept, so that no other gets the same id.
        if id(array) not in self._expressions:
            name = f"#{len(self._values)}"
            self._values[name] = array
            self._expressions[id(array)] = name
        return self._expressions[id(array)]
