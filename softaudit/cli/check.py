"""softaudit check: the main job."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from softaudit.errors import OptionError

if TYPE_CHECKING:
    from softaudit.model import Audit, Logits


def _several(name: str, help_text: str) -> Any:
    return typer.Option(f"--{name}", help=help_text, envvar=f"SOFTAUDIT_{name.upper()}")


def _one(name: str, help_text: str, **rest: Any) -> Any:
    envvar = f"SOFTAUDIT_{name.upper().replace('-', '_')}"
    return typer.Option(f"--{name}", help=help_text, envvar=envvar, **rest)


def command(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Files of logits (.npy, .npz, .csv, .tsv, text also .gz), - for standard input, "
            "or literal logits such as '[40, 0]'.",
        ),
    ],
    functions: Annotated[
        list[str] | None, _several("function", "softmax, log_softmax, logsumexp.")
    ] = None,
    formats: Annotated[
        list[str] | None,
        _several("format", "float16, bfloat16, float32, float64, float8_e4m3fn, float8_e5m2."),
    ] = None,
    algorithms: Annotated[
        list[str] | None, _several("algorithm", "naive, stable, log-of-softmax.")
    ] = None,
    computes: Annotated[
        list[str] | None, _several("compute", "Format of every step; the logits' by default.")
    ] = None,
    accumulates: Annotated[
        list[str] | None, _several("accumulate", "Format of the sum; that of compute by default.")
    ] = None,
    orders: Annotated[
        list[str] | None,
        _several("order", "pairwise (default), sequential, compensated, numpy."),
    ] = None,
    temperature: Annotated[float, _one("temperature", "Divide logits by T.")] = 1.0,
    axis: Annotated[int, _one("axis", "The class axis.")] = -1,
    key: Annotated[str | None, _one("key", "Which array of an .npz.", show_default=False)] = None,
    sample: Annotated[
        int | None, _one("sample", "Only N evenly spaced rows.", min=1, metavar="N")
    ] = None,
    row: Annotated[
        str | None,
        typer.Option("--row", help="One row, element by element: 0,2,5.", metavar="INDEX"),
    ] = None,
    reference: Annotated[
        str, _one("reference", "certified, or mpmath: every value by mpmath alone, slowly.")
    ] = "certified",
    worst: Annotated[
        int, _one("worst", "How many worst elements to show, one per cause.", min=0, metavar="N")
    ] = 5,
    columns: Annotated[
        list[str] | None, _several("columns", "Columns of the table; the width decides by default.")
    ] = None,
    output_format: Annotated[
        str | None, _one("output-format", "table (default) or json.", show_default=False)
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Write to a file.", metavar="FILE")
    ] = None,
    jobs: Annotated[
        int | None,
        _one(
            "jobs",
            "Processes that share long work; one for each processor by default.",
            min=1,
            metavar="N",
            show_default=False,
        ),
    ] = None,
    progress: Annotated[
        str, _one("progress", "auto, always or never, on standard error.")
    ] = "auto",
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only what breaks, what loses and what holds.")
    ] = False,
) -> None:
    """Compute softmax and its relatives on logits, and judge every result.

    Options that take several values may be repeated or given comma lists.  Naming any of function,
    format, algorithm, compute, accumulate, order makes the plain product of what is named.
    """
    from softaudit.audit import audit, chosen_rows
    from softaudit.cli.interrupt import INTERRUPTED, deferred
    from softaudit.cli.output import destination, screen
    from softaudit.cli.progress import MODES, Progress
    from softaudit.plan import known, make_plan
    from softaudit.reference import METHODS
    from softaudit.render import RENDERERS
    from softaudit.report import SkippedSource, make_report
    from softaudit.sources import read

    kind = known(output_format or _by_suffix(output), RENDERERS, "output format")
    options = {
        "function": split(functions),
        "format": _formats(split(formats)),
        "algorithm": split(algorithms),
        "compute": split(computes),
        "accumulate": split(accumulates),
        "order": split(orders),
    }
    if row is not None and sample is not None:
        raise OptionError("--row and --sample exclude each other: give one of them")
    _spare_inputs(output, inputs)
    jobs = jobs or _processors()
    known(progress, MODES, "progress")
    shown = screen(columns=split(columns), quiet=quiet, to_file=output is not None)
    _check_columns(shown.columns)
    with destination(output) as file, deferred() as stopped:
        sources = [source for word in inputs for source in read(word, axis=axis, key=key)]
        audits: list[Audit] = []
        skipped: list[SkippedSource] = []
        told = Progress(progress, stopped)
        for source in sources:
            if stopped():
                skipped.append(SkippedSource(source.name, "interrupted"))
                continue
            literal = source.name.startswith("[") and source.format == "text"
            plan = make_plan(
                options,
                temperature=temperature,
                reference=known(reference, METHODS, "reference"),
                worst=worst,
                sample=sample,
                row=None if row is None else _row(row, source),
                elements=(row is not None or literal) and not (quiet or columns),
            )
            rows = len(chosen_rows(source, plan))
            with told.of(source.name, rows, source.columns) as heard:
                audits.append(audit(source, plan, jobs=jobs, heard=heard))
        file.write(RENDERERS[kind](make_report(audits, skipped), shown))
    if skipped or any(done.partial is not None for done in audits):
        raise typer.Exit(INTERRUPTED)


def split(words: list[str] | None) -> tuple[str, ...]:
    """Take options that were repeated, or given as comma lists, apart.

    Raises
    ------
    OptionError
        For a list with an empty name, such as "," or "float16,".
    """
    parts = tuple(part.strip() for word in words or () for part in word.split(","))
    if "" in parts:
        raise OptionError(f"{', '.join(map(repr, words or ()))}: has an empty name; drop a comma")
    return parts


def _processors() -> int:
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


def _spare_inputs(output: str | None, inputs: list[str]) -> None:
    for word in inputs:
        # os.path, since pathlib raises for names as long as literals may be.
        both = output is not None and os.path.exists(word) and os.path.exists(output)  # noqa: PTH110
        if both and Path(word).samefile(output or ""):
            raise OptionError(f"{output}: is an input; name another file for -o")


def _by_suffix(output: str | None) -> str:
    return "json" if output is not None and output.endswith(".json") else "table"


def _check_columns(names: tuple[str, ...]) -> None:
    from softaudit.plan import known
    from softaudit.render.columns import COLUMNS

    for name in names:
        known(name, COLUMNS, "column")


def _row(text: str, source: Logits) -> tuple[int, ...]:
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
