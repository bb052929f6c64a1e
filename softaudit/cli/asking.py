"""What to compute, of which logits: the options of every command that audits."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from softaudit.cli.options import one, several, split, split_places, variable
from softaudit.errors import OptionError, UnansweredError
from softaudit.implementations import CPU, TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from softaudit.model import Audit, Logits, Plan
    from softaudit.others import Others
    from softaudit.report import SkippedSource

Names = list[str] | None

Elementary = Annotated[
    str,
    one("elementary", "Whose exp and log float32 and float64 use: numpy, or correct (rounded)."),
]
Axis = Annotated[int, one("axis", "The class axis.", metavar="N")]
Key = Annotated[
    str | None,
    one("key", "Arrays of an .npz or .safetensors: a name or pattern.", show_default=False),
]
Sample = Annotated[int | None, one("sample", "Only N evenly spaced rows.", min=1, metavar="N")]
Jobs = Annotated[
    int | None,
    one(
        "jobs",
        "Processes that share long work; one for each processor by default.",
        min=1,
        metavar="N",
        show_default=False,
    ),
]
When = Annotated[str, one("progress", "auto, always or never, on standard error.", metavar="WHEN")]


@dataclass(frozen=True, slots=True)
class Cells:
    """The options that choose cells."""

    functions: Annotated[Names, several("function", "softmax, log_softmax, logsumexp.")] = None
    formats: Annotated[
        Names,
        several("format", "float16, bfloat16, float32, float64, float8_e4m3fn, float8_e5m2."),
    ] = None
    algorithms: Annotated[
        Names,
        several("algorithm", "naive, log-of-softmax, stable by default; see explain; or all."),
    ] = None
    computes: Annotated[
        Names, several("compute", "Format of every step; the logits' by default.")
    ] = None
    accumulates: Annotated[
        Names, several("accumulate", "Format of the sum; that of compute by default.")
    ] = None
    orders: Annotated[
        Names, several("order", "pairwise (default), sequential, compensated, numpy.")
    ] = None
    subnormals: Annotated[
        Names, several("subnormals", "keep (default), or flush: every step makes 0 of them.")
    ] = None
    saturate: Annotated[
        bool,
        typer.Option(
            "--saturate/--no-saturate",
            help="float8: the largest number in place of what is beyond it.",
            envvar=variable("saturate"),
        ),
    ] = False
    block_sizes: Annotated[
        Names, several("block-size", "Columns of a block of blockwise algorithms.", metavar="N")
    ] = None

    def make_plan(self, **rest: Any) -> Plan:
        """Make a plan of these cells; see `softaudit.plan.make_plan`."""
        from softaudit.plan import make_plan

        names = {
            "function": split(self.functions),
            "format": _formats(split(self.formats)),
            "algorithm": split(self.algorithms),
            "compute": split(self.computes),
            "accumulate": split(self.accumulates),
            "order": split(self.orders),
            "subnormals": split(self.subnormals),
        }
        sizes = tuple(_size(word) for word in split(self.block_sizes))
        return make_plan(names, saturate=self.saturate, block_sizes=sizes, **rest)


def _size(word: str) -> int:
    if not word.isdecimal():
        raise OptionError(f"--block-size {word}: must be a whole number of columns")
    return int(word)


def _temperature(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        over = "; a range is for softaudit sweep" if ":" in str(text) else ""
        raise typer.BadParameter(f"{text!r} is not a number{over}") from None


Temperature = Annotated[
    float, one("temperature", "Divide logits by T.", metavar="T", parser=_temperature)
]
Reference = Annotated[
    str, one("reference", "certified, or mpmath: every value by mpmath alone, slowly.")
]
Worst = Annotated[
    int, one("worst", "How many worst elements to show, one per cause.", min=0, metavar="N")
]


def _seconds(text: str) -> float:
    from softaudit.implementations import check_timeout

    try:
        return check_timeout(float(text))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a number of seconds") from None


Row = Annotated[
    str | None,
    typer.Option("--row", help="One row, element by element: 0,2,5.", metavar="INDEX"),
]
Device = Annotated[
    str, one("device", "Where torch runs: cpu, cuda, cuda:1, mps.", metavar="DEVICE")
]
Timeout = Annotated[
    float,
    one("timeout", "Seconds that an answer may take.", metavar="SECONDS", parser=_seconds),
]
Against = Annotated[
    str | None,
    one("against", "Beside whose figures to put them: stable, torch, …", show_default=False),
]


@dataclass(frozen=True, slots=True)
class Asked(Cells):
    """The options that choose cells and rows, say who answers, and how to judge it."""

    temperature: Temperature = 1.0
    elementary: Elementary = "numpy"
    axis: Axis = -1
    key: Key = None
    sample: Sample = None
    reference: Reference = "certified"
    worst: Worst = 5
    implementations: Annotated[
        Names,
        several("implementation", "Whose code to judge: torch, package.module:f, path.py:f."),
    ] = None
    device: Device = CPU
    timeout: Timeout = TIMEOUT
    against: Against = None
    jobs: Jobs = None
    progress: When = "auto"

    def check(self) -> None:
        """Refuse what no logits could make right."""
        from softaudit.cli.progress import MODES
        from softaudit.keys import known

        known(self.progress, MODES, "progress")
        self.plan_of_all()

    def plan_of_all(self) -> Plan:
        """Plan what to ask of any source."""
        from softaudit.keys import known
        from softaudit.reference import METHODS

        return self.make_plan(
            temperature=self.temperature,
            elementary=self.elementary,
            reference=known(self.reference, METHODS, "reference"),
            worst=self.worst,
            sample=self.sample,
        )

    def make_plan(self, **rest: Any) -> Plan:
        """Make a plan of these cells, with those of implementations."""
        asked = self.others()
        return Cells.make_plan(
            self, implementations=asked.implementations, against=asked.against, **rest
        )

    def others(self) -> Others:
        """Find whose code is to answer, and who is trusted."""
        from softaudit.others import choose

        return choose(split_places(self.implementations), self.against, self.device)

    def processes(self) -> int:
        """Give how many processes may work."""
        return self.jobs or processors()


@dataclass(frozen=True, slots=True)
class AskedOfOne(Asked):
    """The same, and which single row of the source to show."""

    row: Row = None

    def check(self) -> None:
        """Refuse what no logits could make right."""
        check_row(self.row, self.sample)
        Asked.check(self)

    def plan(self, source: Logits, *, elements: bool) -> Plan:
        """Plan what to ask of a source; `elements` lets rows be shown element by element."""
        from softaudit.reproduce import is_literal

        return replace(
            self.plan_of_all(),
            row=None if self.row is None else row_index(self.row, source),
            elements=elements and (self.row is not None or is_literal(source)),
        )


def audited(
    sources: Sequence[Logits], asked: AskedOfOne, stopped: Callable[[], bool], *, elements: bool
) -> tuple[list[Audit], list[SkippedSource]]:
    """Audit sources, one after the other, until somebody has had enough."""
    from softaudit.against import with_ratios
    from softaudit.audit import audit, chosen_rows
    from softaudit.cli.progress import Progress
    from softaudit.report import INTERRUPTED, SkippedSource

    audits: list[Audit] = []
    skipped: list[SkippedSource] = []
    told, jobs, others = Progress(asked.progress, stopped), asked.processes(), asked.others()
    with others.answers(asked.timeout) as answers:
        answers.heed(stopped)
        for source in sources:
            if stopped():
                skipped.append(SkippedSource(source.name, INTERRUPTED))
                continue
            plan = asked.plan(source, elements=elements)
            rows = len(chosen_rows(source, plan))
            with told.of(source.name, rows, source.columns, starts=bool(others.everybody)) as heard:
                try:
                    found = audit(source, plan, jobs=jobs, heard=heard, answers=answers)
                except UnansweredError:
                    if stopped():
                        raise KeyboardInterrupt from None
                    raise
                finally:
                    say_details(answers.details())
            audits.append(with_ratios(found, others.trusted) if others.trusted else found)
    return audits, skipped


def say_details(details: Mapping[str, str]) -> None:
    """Show the tracebacks of other people's code, as theirs."""
    from softaudit.cli.progress.listener import say
    from softaudit.sources.opening import printable

    for reason, detail in details.items():
        say(f"{reason}:")
        sys.stderr.writelines(f"    {printable(line)}\n" for line in detail.splitlines())


def check_row(row: str | None, sample: int | None) -> None:
    """Refuse a single row of a sample."""
    if row is not None and sample is not None:
        raise OptionError("--row and --sample exclude each other: give one of them")


def processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _formats(names: tuple[str, ...]) -> tuple[str, ...]:
    from softaudit.render import RENDERERS

    for name in names:
        if name in RENDERERS:
            raise OptionError(f"{name} is an output: --output-format {name}")
    return names


def row_index(text: str, source: Logits) -> tuple[int, ...]:
    """Take `--row 0,2,5` for the index of a row.

    Raises
    ------
    OptionError
        If it is none, or there is no such row.
    """
    try:
        index = tuple(int(part) for part in text.strip("() ").split(",") if part.strip())
    except ValueError:
        raise OptionError(f"--row {text}: must be integers, as in --row 0,2,5") from None
    shape = source.rows_shape
    if not shape and index in ((), (0,)):
        return ()
    inside = len(index) == len(shape) and all(
        -n <= i < n for i, n in zip(index, shape, strict=False)
    )
    if not inside:
        there = "×".join(map(str, shape)) if shape else "a single row, 0"
        raise OptionError(f"{source.name}: row {text} is not there; its rows are {there}")
    return tuple(i % n for i, n in zip(index, shape, strict=True))
