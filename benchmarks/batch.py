"""A batch as a team has it: hundreds of files, some broken and one large, in one run."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.measuring import Line, ratio
from tests.dumps import Dumps, make_dumps
from tests.peak import Ran, ran

if TYPE_CHECKING:
    from collections.abc import Sequence

BROKEN = 5
EACH_MB = 0.5
"""Of the files that are not the large one, on average."""

OUTPUTS = (".html", ".json")

FAST = ("--function", "softmax", "--format", "float32")
"""Two cells, so that the large file takes a minute and not an hour."""


def lines(files: int, large_megabytes: float) -> list[Line]:
    """Measure a report on so many files, one of them large, by one process and two."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        small_megabytes = EACH_MB * (files - BROKEN - 1)
        total = small_megabytes + large_megabytes
        dumps = make_dumps(folder / "dumps", files, total, BROKEN, large_megabytes)
        title = f"{files} files, one of {large_megabytes:g} MB float64, {' '.join(FAST)}"
        single, one, two = (
            _report(folder, path, FAST, jobs)
            for path, jobs in ((f"dumps/{dumps.small}", 1), ("dumps", 1), ("dumps", 2))
        )
        return [
            _skips(folder / "dumps.json", dumps),
            _faster(one, two, title),
            _memory(single, one, f"--jobs 1, {title}"),
            _memory(_report(folder, f"dumps/{dumps.small}", FAST, 2), two, f"--jobs 2, {title}"),
            *_all_cells(folder, files, small_megabytes),
        ]


def _all_cells(folder: Path, files: int, megabytes: float) -> list[Line]:
    """Measure the memory that the default cells take, on files that do not last for hours."""
    dumps = make_dumps(folder / "more", files, megabytes, BROKEN, large_megabytes=EACH_MB)
    runs = (_report(folder, path, (), 2) for path in (f"more/{dumps.small}", "more"))
    return [_memory(*runs, f"--jobs 2, {files} files, {megabytes:.0f} MB, default cells")]


def _report(folder: Path, path: str, cells: Sequence[str], jobs: int) -> Ran:
    """Report on what is at a path, as a page and as JSON."""
    name = path.replace("/", "-")
    outputs = [word for suffix in OUTPUTS for word in ("-o", f"{name}{suffix}")]
    return ran(("report", path, *cells, "--jobs", str(jobs), *outputs), folder)


def _skips(path: Path, dumps: Dumps) -> Line:
    """Count the files that are skipped for what is wrong with them, of all that should be."""
    skipped = {
        entry["source"]: entry["reason"] for entry in json.loads(path.read_text("utf-8"))["skipped"]
    }
    told = sum(words in skipped.get(f"dumps/{name}", "") for name, words in dumps.broken.items())
    detail = "; ".join(f"{Path(name).name}: {reason}" for name, reason in skipped.items())
    figure = f"skipped with the reason, of {len(dumps.broken)} broken files"
    return Line(figure, f"{told} of {len(skipped)}", "", detail)


def _faster(one: Ran, two: Ran, title: str) -> Line:
    speed = one.seconds / two.seconds
    alone = "" if two.workers else "work too short to share; "
    detail = f"{alone}{one.seconds:.0f} s over {two.seconds:.0f} s: {title}"
    return Line("speed of 2 jobs over 1", f"{speed:.2f} ×", "≥ 1.7 ×", detail, is_ratio=True)


def _memory(single: Ran, many: Ran, title: str) -> Line:
    figure = "peak memory, largest process, many files over one"
    parts = f"itself {many.own:.0f}, its workers {many.workers:.0f}"
    detail = f"{many.peak:.0f} MiB ({parts}) over {single.peak:.0f} MiB: {title}"
    return ratio(figure, many.peak / single.peak, "1.5 ×", detail)
