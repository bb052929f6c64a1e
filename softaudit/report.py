"""The one result type that feeds every output."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from softaudit import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from softaudit.model import Audit


@dataclass(frozen=True, slots=True)
class SkippedSource:
    """A source that was not audited, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Audits, with what computed them.

    Attributes
    ----------
    tool : mapping of str to str
        Versions of softaudit and of what the figures depend on.
    environment : mapping
        Machine, and the processor features by which NumPy chooses its exp and log.
    audits : tuple of Audit
    skipped : tuple of SkippedSource
    """

    tool: Mapping[str, str]
    environment: Mapping[str, str | list[str]]
    audits: tuple[Audit, ...]
    skipped: tuple[SkippedSource, ...] = ()


def make_report(audits: Sequence[Audit], skipped: Sequence[SkippedSource] = ()) -> Report:
    """Put audits together with the versions and the processor features of this process."""
    names = ("numpy", "mpmath", "ml_dtypes")
    libraries = {name: str(import_module(name).__version__) for name in names}
    return Report(
        tool={"softaudit": __version__, "python": platform.python_version(), **libraries},
        environment={
            "system": platform.system(),
            "machine": platform.machine(),
            "processor_features": processor_features(),
        },
        audits=tuple(audits),
        skipped=tuple(skipped),
    )


def processor_features() -> list[str]:
    """Give the processor features that NumPy found, sorted; they choose its exp and log."""
    try:
        place = import_module("numpy._core._multiarray_umath")
    except ImportError:  # the place is private, and moved before
        return []
    features: dict[str, bool] = getattr(place, "__cpu_features__", {})
    return sorted(name for name, present in features.items() if present)


__all__ = ["Report", "SkippedSource", "make_report", "processor_features"]
