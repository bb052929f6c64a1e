"""The command as a whole: how long it takes to start and end, and how much memory it takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.measuring import Line, ratio, seconds
from tests.dumps import write_large
from tests.peak import ran

FIXTURE = Path(__file__).parent.parent / "fixtures" / "digits_mlp.npy"
IMPORTS = "import numpy, mpmath, typer, rich.table"
SMALL_MB = 20
ONE_CELL = ("--function", "softmax", "--format", "float32", "--algorithm", "stable")


def start_lines(repeats: int) -> list[Line]:
    """Measure one small check, process and all, over the imports that it cannot do without."""
    check = [sys.executable, "-m", "softaudit", "check", str(FIXTURE)]
    ours = seconds(lambda: _run(check), repeats)
    imports = seconds(lambda: _run([sys.executable, "-c", IMPORTS]), repeats)
    detail = f"{ours * 1e3:.0f} ms over {imports * 1e3:.0f} ms: {IMPORTS}"
    return [ratio("check digits_mlp.npy over its imports", ours / imports, "2 ×", detail)]


def memory_lines(megabytes: int) -> list[Line]:
    """Measure the peak memory of a check of a large file over that of a small one."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "logits.npy"
        small, large = (_peak(path, size) for size in (SMALL_MB, megabytes))
    detail = f"{large:.0f} MiB over {small:.0f} MiB, float32 stable softmax"
    figure = f"peak memory, {megabytes} MB file over {SMALL_MB} MB"
    return [ratio(figure, large / small, "1.2 ×", detail)]


def _run(command: list[str]) -> None:
    subprocess.run(command, capture_output=True, check=True)


def _peak(path: Path, megabytes: int) -> float:
    """Give the peak memory of one check of so many megabytes of float32 logits, in MiB."""
    write_large(path, megabytes, np.random.default_rng(20240607))
    return ran(["check", str(path), *ONE_CELL, "--quiet"]).peak
