"""What is required: the options of every command that judges."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from softaudit.cli import settings
from softaudit.cli.options import one
from softaudit.errors import InputError, OptionError

if TYPE_CHECKING:
    from softaudit.gate import Baseline, Tolerance
    from softaudit.report import Report, Requirement


FAILED = 1
"""Exit code of a run of which a requirement does not hold."""


def _take_over(context: typer.Context, value: settings.Settings | None) -> settings.Settings | None:
    """Let a policy's settings take the place of pyproject.toml's."""
    if value is not None:
        context.default_map = value.default_map()
    return value


@dataclass(frozen=True, slots=True)
class Judging:
    """The options that say what has to hold."""

    policy: Annotated[
        settings.Settings | None,
        one(
            "policy",
            "A TOML file with [[require]], inputs and options, in place of pyproject.toml.",
            metavar="FILE",
            parser=settings.policy,  # once: it may be a pipe
            is_eager=True,
            callback=_take_over,
        ),
    ] = None
    require: Annotated[
        list[str] | None,
        typer.Option(
            "--require",
            help='What has to hold: "softmax/float32/*: ulp.max <= 40".  May be repeated.',
            metavar="TEXT",
        ),
    ] = None
    baseline: Annotated[
        str | None,
        one("baseline", "Nothing may be worse than in this file.", metavar="FILE"),
    ] = None
    write_baseline: Annotated[
        str | None,
        typer.Option(
            "--write-baseline", help="Take this run's figures for a baseline.", metavar="FILE"
        ),
    ] = None
    tolerance_percent: Annotated[
        float,
        one(
            "tolerance-percent",
            "By how many percent ULP figures may exceed the baseline's,",
            metavar="X",
        ),
    ] = 10.0
    tolerance_ulp: Annotated[
        float, one("tolerance-ulp", "or by how many ULP, whichever is more.", metavar="X")
    ] = 0.5
    tolerance_elsewhere: Annotated[
        float,
        one(
            "tolerance-elsewhere",
            "How many times the baseline's they may be on a processor with other features.",
            metavar="X",
        ),
    ] = 2.0
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit 0 where a requirement does not hold.")
    ] = False

    def criteria(self, here: frozenset[str], file: settings.Settings | None = None) -> Criteria:
        """Read what has to hold, before any work starts.

        Parameters
        ----------
        here : frozenset of str
            Which options stand on the command line itself.
        file : Settings, optional
            Where more is required; a policy takes its place.

        Raises
        ------
        OptionError, InputError
            If requirements or the baseline cannot be read.
        """
        from softaudit.gate import Tolerance, parse_requirement, requirement_of_table

        file = self.policy or file
        tables = () if file is None else file.requirements
        requirements = [
            requirement_of_table(table, f"{file.name if file else ''}: require {i}")
            for i, table in enumerate(tables, 1)
        ]
        requirements += [parse_requirement(line) for line in self.require or ()]
        return Criteria(
            tuple(requirements),
            self._baseline(here),
            Tolerance(self.tolerance_percent, self.tolerance_ulp, self.tolerance_elsewhere),
        )

    def files(self) -> list[str]:
        """Give the files that are read, and must not be written over."""
        policy = [] if self.policy is None else [str(self.policy.path)]
        accepted_anew = self.baseline is None or self.write_baseline is not None
        return policy if accepted_anew else [*policy, str(self.baseline)]

    def exit_code(self, code: int) -> int:
        """Give the exit code: --exit-zero excuses what does not hold, and nothing else."""
        return 0 if self.exit_zero and code == FAILED else code

    def _baseline(self, here: frozenset[str]) -> Baseline | None:
        from softaudit.gate import read_baseline

        if self.baseline is None:
            return None
        if self.write_baseline is not None:
            if "baseline" in here:
                raise OptionError("--baseline and --write-baseline exclude each other: give one")
            return None  # what pyproject.toml names is about to be accepted anew
        if not self.baseline:
            raise OptionError("--baseline: names no file")
        if not Path(self.baseline).exists():
            raise InputError(
                f"{self.baseline}: there is no such baseline; "
                f"--write-baseline {self.baseline} writes one"
            )
        return read_baseline(read_text(self.baseline), self.baseline)


@dataclass(frozen=True, slots=True)
class Criteria:
    """What has to hold, read and checked."""

    requirements: tuple[Requirement, ...]
    baseline: Baseline | None
    tolerance: Tolerance

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.requirements) or self.baseline is not None

    def judge(self, report: Report) -> Report:
        """Judge a report, if there is anything to judge it by."""
        from softaudit.gate import judge

        if not self:
            return report
        return judge(report, self.requirements, self.baseline, self.tolerance)


def read_text(path: str) -> str:
    """Read a file of text.

    Raises
    ------
    InputError
        If it is not there or no text.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no UTF-8 text: {error.reason}") from error
