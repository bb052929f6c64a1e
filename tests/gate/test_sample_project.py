"""A project with a gate in its CI: it passes, catches a swap of algorithms, and is accepted anew.

Everything goes through the installed command, in a copy of `fixtures/gated`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2] / "fixtures" / "gated"
BASELINE = "softaudit-baseline.jsonl"
COMMAND = Path(sys.executable).with_name("softaudit")


@pytest.fixture
def gate(tmp_path):
    """Run the installed command's gate in a copy of the project."""
    shutil.copytree(PROJECT, tmp_path / "project")
    environment = {
        n: v for n, v in os.environ.items() if not n.startswith(("SOFTAUDIT_", "GITHUB_"))
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, "gate", *arguments],
            cwd=tmp_path / "project",
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


@pytest.fixture
def project(tmp_path):
    return tmp_path / "project"


def swap(project: Path, old: str, new: str) -> None:
    path = project / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.processes
def test_it_passes_then_fails_then_is_accepted_anew(gate, project):
    ended = gate()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split("\n")[-3].startswith("passes")
    before = (project / BASELINE).read_bytes()

    swap(project, 'algorithm = ["stable"]', 'algorithm = ["naive"]')
    ended = gate()
    assert (ended.returncode, ended.stderr) == (1, "")
    told = " ".join(ended.stdout.split())
    assert "new dumps/layer0.npy softmax/bfloat16/naive: not in the baseline" in told
    assert "stale dumps/layer5.npy log_softmax/bfloat16/stable" in told
    assert "0 worse, 4 new, 4 stale, 0 fixed" in told
    assert gate("--exit-zero").returncode == 0
    assert (project / BASELINE).read_bytes() == before

    assert gate("--write-baseline", BASELINE).returncode == 0
    assert (project / BASELINE).read_bytes() != before
    assert gate().returncode == 0

    swap(project, 'algorithm = ["naive"]', 'algorithm = ["stable"]')
    assert gate("--write-baseline", BASELINE).returncode == 0
    assert (project / BASELINE).read_bytes() == before


@pytest.mark.processes
def test_requirements_stay_in_force_beside_a_new_baseline(gate, project):
    """exp overflows where float16 logits exceed 11.09, and then the softmax is NaN."""
    swap(project, 'format = ["bfloat16"]', 'format = ["float16"]')
    swap(project, 'algorithm = ["stable"]', 'algorithm = ["naive"]')
    ended = gate("--write-baseline", BASELINE)
    assert ended.returncode == 1
    told = " ".join(ended.stdout.split())
    _, _, told = told.partition("fails dumps/layer0.npy softmax/float16/naive: ")
    assert "overflow.result is" in told.partition(" worst (")[0]
    assert gate().returncode == 1


@pytest.mark.processes
def test_a_dump_that_is_gone_does_not_pass(gate, project):
    (project / "dumps" / "layer5.npy").unlink()
    ended = gate()
    assert ended.returncode == 1
    assert "the input was not audited" in " ".join(ended.stdout.split())
    for path in (project / "dumps").iterdir():
        path.unlink()
    ended = gate()
    assert ended.returncode == 2
    assert ended.stderr.startswith("softaudit: pyproject.toml: inputs: 'dumps/*.npy' matches no")


def figures(path: Path) -> dict[tuple[str, str, str], float]:
    """Give the errors in ulp of a saved result, by input, cell and figure."""
    return {
        (cell["input"], cell["name"], f"ulp.{name}"): value
        for audit in json.loads(path.read_text(encoding="utf-8"))["audits"]
        for cell in audit["cells"]
        for name, value in cell["ulp"].items()
        if name != "mean_over"
    }


@pytest.mark.processes
def test_saved_results_of_other_logits_are_worse(gate, project):
    """What grew by more than 10 % and by more than half an ulp, and nothing else."""
    ended = gate("after.json", "-o", "judged.json")
    assert ended.returncode == 1
    told = " ".join(ended.stdout.split())
    assert "dumps/layer5.npy: its bytes are not those that the baseline was made of" in told
    before, after = figures(PROJECT / "before.json"), figures(PROJECT / "after.json")
    expected = {k for k, old in before.items() if after[k] > max(1.1 * old, old + 0.5)}
    judged = json.loads((project / "judged.json").read_text(encoding="utf-8"))["judgement"]
    changes = [c for c in judged["baseline"]["changes"] if c["standing"] == "worse"]
    told = {(c["input"], c["cell"], c["metric"]) for c in changes}
    assert {change for change in told if change[2] != "correctly_rounded"} == expected
    assert len(expected) >= 3
    assert gate("before.json").returncode == 0
