"""What identifies a cell: function, arithmetic, algorithm; and their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from softaudit.formats import FORMATS

if TYPE_CHECKING:
    from softaudit.formats import Format

Function = Literal["softmax", "log_softmax", "logsumexp", "cross_entropy"]


AS_GIVEN = FORMATS["float64"]
"""The format that holds logits and temperature as they are given."""


class Posing(NamedTuple):
    """Between which formats a problem stands.

    Attributes
    ----------
    logits : Format
        Logits are rounded to it.
    temperature : Format
        And the temperature to this.
    results : Format
        Results are judged in it.
    """

    logits: Format
    temperature: Format
    results: Format

    @classmethod
    def of(cls, form: Format) -> Posing:
        """Pose in one format, which may saturate: the answer is one in the plain format."""
        return cls(form, form, form.plain)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How the steps are done.

    Attributes
    ----------
    storage, compute, accumulate : Format
        Logits and results are numbers of `storage`; every step is rounded to `compute`; sums run
        in `accumulate` and are rounded to `compute` when they leave it.
    order : str
        Summation order: a key of `softaudit.arithmetic.ORDERS`.
    elementary : str
        Whose exp and log wide formats use: a key of `softaudit.arithmetic.ELEMENTARY`.  Like the
        temperature it holds for a whole run, and is no part of the name.
    logits : Format, optional
        What logits are rounded to for the problem, where that is not `storage`: outputs that are
        there already are judged on the logits as they were read.  It holds for a whole run, too.
    """

    storage: Format
    compute: Format
    accumulate: Format
    order: str
    elementary: str = "numpy"
    logits: Format | None = None

    @property
    def flushes(self) -> bool:
        """Whether every step makes 0 of subnormal numbers."""
        return self.compute.flushes

    @property
    def saturates(self) -> bool:
        """Whether its float8 formats saturate."""
        return any(f.beyond == "largest" for f in (self.storage, self.compute, self.accumulate))

    @property
    def posed(self) -> Posing:
        """What the problem is posed between: subnormal logits stay.

        Where logits are not rounded to the storage format, the temperature is not rounded at all.
        """
        if self.logits is None:
            return Posing.of(self.storage.keeping)
        return Posing(self.logits, AS_GIVEN, self.storage.plain)

    @property
    def name(self) -> str:
        """`format[:compute[:accumulate[:order]]][+flush][+saturate]`, defaults left out."""
        formats = self.storage.name, self.compute.name, self.accumulate.name
        modes = ["+flush"] * self.flushes + ["+saturate"] * self.saturates
        return arithmetic_name(*formats, self.order) + "".join(modes)


def arithmetic_name(storage: str, compute: str, accumulate: str, order: str) -> str:
    """Give `format[:compute[:accumulate[:order]]]`, defaults left out."""
    parts, defaults = [storage, compute, accumulate, order], [None, storage, compute, "pairwise"]
    while parts[-1] == defaults[len(parts) - 1]:
        parts.pop()
    return ":".join(parts)


@dataclass(frozen=True, slots=True)
class CellKey:
    """What identifies one line of a report.

    Attributes
    ----------
    function : str
    arithmetic : Arithmetic
    algorithm : str
        A key of `softaudit.algorithms.ALGORITHMS`, or what stands for somebody else's.
    block_size : int or None
        Columns of a block, where it is not the blockwise algorithms' own.
    """

    function: Function
    arithmetic: Arithmetic
    algorithm: str
    block_size: int | None = None

    @property
    def variant(self) -> str:
        """The algorithm with its block size: `blockwise:32`."""
        return self.algorithm + (f":{self.block_size}" if self.block_size else "")

    @property
    def name(self) -> str:
        """`function/arithmetic/algorithm[:block size]`; see `Arithmetic.name`."""
        return f"{self.function}/{self.arithmetic.name}/{self.variant}"
