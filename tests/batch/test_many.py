"""Many files in one run: broken ones told, nothing else lost, and no more memory than for one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests import peak
from tests.dumps import Dumps, make_dumps

if TYPE_CHECKING:
    from pathlib import Path

FILES, MEGABYTES, LARGE_MEGABYTES, BROKEN = 40, 50, 40, 5
# One cell, which is fast on every machine; the page, since it is what grows with the files.
CELLS = ("--function", "softmax", "--format", "float32", "--algorithm", "stable")
OUTPUTS = ("report.json", "report.csv", "report.html")
SHARED_AT_ONCE = "import softaudit.batch.run as running; running.WORTH_SHARING = 0"


# One test, so that no two workers of pytest-xdist do the same long runs.
@pytest.mark.processes
@pytest.mark.skipif(not peak.STATUS.exists(), reason="memory is read from /proc")
def test_forty_files(tmp_path):
    dumps = make_dumps(tmp_path / "dumps", FILES, MEGABYTES, BROKEN, LARGE_MEGABYTES)
    one, by_one = _report(tmp_path, "dumps", 1)
    two, by_two = _report(tmp_path, "dumps", 2)
    _, small = _report(tmp_path, f"dumps/{dumps.small}", 1)
    text = (one / "report.json").read_text("utf-8")
    _check_arrays(json.loads(text), dumps)
    _check_skipped(json.loads(text), dumps)
    _check_lines(by_one.err)
    assert not any(name in text + by_one.out + by_one.err for name in dumps.left_out)
    assert by_one.workers == 0 < by_two.workers
    for name in OUTPUTS:
        assert (one / name).read_bytes() == (two / name).read_bytes()
    assert by_one.peak <= 1.5 * small.peak
    assert by_two.peak <= 1.5 * small.peak


def _report(folder: Path, path: str, jobs: int) -> tuple[Path, peak.Ran]:
    """Audit by so many processes, and give where the outputs are."""
    there = folder / f"{path.replace('/', '_')}_{jobs}"
    there.mkdir()
    outputs = [word for name in OUTPUTS for word in ("-o", str(there / name))]
    command = ["report", path, *CELLS, "--jobs", str(jobs), "--verbose", *outputs]
    return there, peak.ran(command, folder, before=SHARED_AT_ONCE)


def _check_arrays(document: dict[str, Any], dumps: Dumps) -> None:
    """Every array that can be read is there, once, in order."""
    sources = [audit["source"] for audit in document["audits"]]
    assert [(s["name"], s["key"], s["rows"], s["columns"]) for s in sources] == [
        (f"dumps/{made.name}", made.key, made.rows, made.columns) for made in dumps.arrays
    ]


def _check_skipped(document: dict[str, Any], dumps: Dumps) -> None:
    """Every file that cannot be read is there, with its reason, in order."""
    skipped = {entry["source"]: entry["reason"] for entry in document["skipped"]}
    assert list(skipped) == [f"dumps/{name}" for name in dumps.broken]
    assert len(skipped) == BROKEN
    for name, words in dumps.broken.items():
        assert words in skipped[f"dumps/{name}"]


def _check_lines(err: str) -> None:
    """A line for each file, as it ends."""
    lines = [line for line in err.splitlines() if f"/{FILES} dumps/" in line]
    numbers = [line.split()[1] for line in lines]
    assert numbers == [f"{i}/{FILES}" for i in range(1, FILES + 1)]
    assert sum(": skipped: " in line for line in lines) == BROKEN
