"""Many files in one run: broken ones told, nothing else lost, and no more memory than for one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests import peak
from tests.dumps import Dumps, make_dumps

if TYPE_CHECKING:
    from pathlib import Path

FILES, MEGABYTES, BROKEN = 40, 50, 5
# Two cells that are fast on every machine; the page, since it is what grows with the files.
CELLS = ("--function", "softmax", "--format", "float32")
SHARED_AT_ONCE = "import softaudit.batch.run as running; running.WORTH_SHARING = 0"
OUTPUTS = ("report.json", "report.csv", "report.html")

pytestmark = pytest.mark.skipif(not peak.STATUS.exists(), reason="memory is read from /proc")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("batch")


@pytest.fixture(scope="module")
def dumps(folder) -> Dumps:
    return make_dumps(folder / "dumps", FILES, MEGABYTES, BROKEN)


def _report(folder: Path, path: str, jobs: int) -> tuple[Path, peak.Ran]:
    """Audit by so many processes, and give where the outputs are."""
    there = folder / f"{path.replace('/', '_')}_{jobs}"
    there.mkdir()
    outputs = [word for name in OUTPUTS for word in ("-o", str(there / name))]
    journal = ("--journal", str(there / "journal.jsonl"))
    command = ["report", path, *CELLS, "--jobs", str(jobs), "--verbose", *journal, *outputs]
    return there, peak.ran(command, folder, before=SHARED_AT_ONCE)


@pytest.fixture(scope="module")
def one(folder, dumps) -> tuple[Path, peak.Ran]:
    return _report(folder, "dumps", 1)


@pytest.fixture(scope="module")
def two(folder, dumps) -> tuple[Path, peak.Ran]:
    return _report(folder, "dumps", 2)


@pytest.fixture(scope="module")
def document(one) -> dict:
    return json.loads((one[0] / "report.json").read_text("utf-8"))


def test_every_array_is_audited_in_order(document, dumps):
    sources = [audit["source"] for audit in document["audits"]]
    assert [(s["name"], s["key"], s["rows"], s["columns"]) for s in sources] == [
        (f"dumps/{made.name}", made.key, made.rows, made.columns) for made in dumps.arrays
    ]


def test_what_cannot_be_read_is_skipped_with_the_reason(document, dumps):
    skipped = {entry["source"]: entry["reason"] for entry in document["skipped"]}
    assert list(skipped) == [f"dumps/{name}" for name in dumps.broken]
    assert len(skipped) == BROKEN
    for name, words in dumps.broken.items():
        assert words in skipped[f"dumps/{name}"]


def test_what_is_hidden_or_of_another_type_is_left_out(one, dumps):
    told = one[1].out + one[1].err + (one[0] / "report.json").read_text("utf-8")
    for name in dumps.left_out:
        assert name not in told


def test_a_line_for_each_file(one, dumps):
    lines = [line for line in one[1].err.splitlines() if f"/{FILES} dumps/" in line]
    assert len(lines) == FILES
    assert sum(": skipped: " in line for line in lines) == BROKEN


def test_memory_is_that_of_a_single_small_file(folder, dumps, one, two):
    _, small = _report(folder, f"dumps/{dumps.small}", 1)
    assert one[1].peak <= 1.5 * small.peak
    assert two[1].peak <= 1.5 * small.peak


@pytest.mark.parametrize("name", OUTPUTS)
def test_two_processes_give_the_same_bytes(one, two, name):
    assert one[1].workers == 0 < two[1].workers
    assert (one[0] / name).read_bytes() == (two[0] / name).read_bytes()
