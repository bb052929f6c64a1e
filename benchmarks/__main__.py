"""Print one table of all measurements, ratios first."""

from __future__ import annotations

import argparse
import platform
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import auditing, batch, judging, processes

if TYPE_CHECKING:
    from benchmarks.measuring import Line

PARTS = ("audit", "start", "memory", "reference", "batch")


def main() -> None:
    """Measure the parts that are asked for, and print them."""
    options = _parser().parse_args()
    parts = options.part or PARTS
    lines: list[Line] = []
    if "audit" in parts:
        lines += auditing.lines(options.rows, options.repeats)
    if "start" in parts:
        lines += processes.start_lines(max(5, options.repeats))
    if "memory" in parts:
        lines += processes.memory_lines(options.megabytes)
    if "reference" in parts:
        lines += judging.lines(options.repeats)
    if "batch" in parts:
        lines += batch.lines(options.files, options.large_megabytes)
    Console(width=options.width).print(_table(lines))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--part", action="append", choices=PARTS, help="repeat for several; all by default"
    )
    parser.add_argument("--rows", type=int, default=64, help="rows of 30522 logits to audit")
    parser.add_argument("--repeats", type=int, default=3, help="runs, of which the median counts")
    parser.add_argument("--megabytes", type=int, default=200, help="size of the large file")
    parser.add_argument("--files", type=int, default=300, help="files of the batch")
    parser.add_argument(
        "--large-megabytes", type=float, default=2000, help="size of the batch's large file"
    )
    parser.add_argument("--width", type=int, default=120, help="width of the table")
    return parser


def _table(lines: list[Line]) -> Table:
    table = Table(box=box.SIMPLE, title=_machine(), title_justify="left")
    table.add_column("figure")
    table.add_column("measured", justify="right")
    table.add_column("at most", justify="right")
    table.add_column("from", overflow="fold")
    for line in sorted(lines, key=lambda line: not line.is_ratio):
        table.add_row(line.figure, line.value, line.limit, line.detail)
    return table


def _machine() -> str:
    """Name the processor and the versions that the figures depend on."""
    processor = platform.processor() or platform.machine()
    description = Path("/proc/cpuinfo")
    if description.exists():
        models = [x for x in description.read_text().splitlines() if x.startswith("model name")]
        processor = models[0].split(":", 1)[1].strip() if models else processor
    return f"{processor}, Python {platform.python_version()}, numpy {np.__version__}"


main()
