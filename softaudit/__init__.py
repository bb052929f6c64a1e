"""softaudit: what number formats and algorithms do to softmax, on your logits, with proof.

The Python face: `read`, `audit`, `judge`, `assert_accurate`, `compute`, `exact` and `render`.  They
are imported when they are first used, so that importing softaudit, and asking the command for its
help, costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from softaudit.accuracy import assert_accurate
    from softaudit.face import audit, compute, exact, judge, read, render

__version__ = "0.1.0"
__all__ = ["assert_accurate", "audit", "compute", "exact", "judge", "read", "render"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        home = "softaudit.accuracy" if name == "assert_accurate" else "softaudit.face"
        return getattr(import_module(home), name)
    raise AttributeError(f"module 'softaudit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


class _Package(ModuleType):
    """A package whose face keeps its names: `softaudit.audit` is the function, always.

    Importing the submodule of the same name would bind the name here to the module.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
