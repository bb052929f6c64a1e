"""Names of Python and NumPy, which somebody else's code may replace: by others, or by nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


class Kept:
    """Modules' names: within the context as somebody else's code left them, without as they were.

    Undoing for good what that code did was rejected: it may count on it.

    Parameters
    ----------
    modules : ModuleType
    """

    def __init__(self, *modules: ModuleType) -> None:
        self._ours = [(vars(module), vars(module).copy()) for module in modules]
        self._theirs = self._ours

    def __enter__(self) -> None:
        """Give the names that the code left at the last exit."""
        for live, names in self._theirs:
            live.update(names)

    def __exit__(self, *failure: object) -> None:
        """Give the names that were there at first."""
        # No builtin is called here, since none may be left.
        self._theirs = [(live, live.copy()) for live, _ in self._ours]
        for live, names in self._ours:
            live.update(names)
