"""The command as a whole: how long it takes to start and end, and how much memory it takes.

Peak memory is VmHWM of the process itself: what getrusage says of a child begins with the memory of
the process that started it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.measuring import Line, make_logits, ratio, seconds

COLUMNS = 30522
FIXTURE = Path(__file__).parent.parent / "fixtures" / "digits_mlp.npy"
IMPORTS = "import numpy, mpmath, typer, rich.table"
SMALL_MB = 20
ONE_CELL = ("--function", "softmax", "--format", "float32", "--algorithm", "stable")

CHECK_AND_TELL_PEAK = """
import sys
from pathlib import Path
from softaudit.cli import run
code = run(["check", *sys.argv[1:]])
status = Path("/proc/self/status").read_text()
peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
print(peak, file=sys.stderr)
sys.exit(code)
"""


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
        small, large = (_peak(_write(path, size)) for size in (SMALL_MB, megabytes))
    detail = f"{large / 1024:.0f} MiB over {small / 1024:.0f} MiB, float32 stable softmax"
    figure = f"peak memory, {megabytes} MB file over {SMALL_MB} MB"
    return [ratio(figure, large / small, "1.2 ×", detail)]


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stderr


def _peak(path: Path) -> int:
    """Give the peak memory of one check in KiB."""
    command = [sys.executable, "-c", CHECK_AND_TELL_PEAK, str(path), *ONE_CELL, "--quiet"]
    return int(_run(command).split()[-1])


def _write(path: Path, megabytes: int) -> Path:
    """Write so many megabytes of float32 logits, some rows at a time."""
    some = make_logits(100, COLUMNS)
    rows = megabytes * 1_000_000 // (4 * COLUMNS)
    with path.open("wb") as file:
        shape = {"descr": "<f4", "fortran_order": False, "shape": (rows, COLUMNS)}
        np.lib.format.write_array_header_1_0(file, shape)
        for start in range(0, rows, len(some)):
            file.write(some[: rows - start].tobytes())
    return path
