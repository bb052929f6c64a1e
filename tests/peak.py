"""How much memory a command line takes at most, in a process of its own (Linux)."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

STATUS = Path("/proc/self/status")

_RUN_AND_TELL = f"""
import resource, sys
from pathlib import Path
from softaudit.cli import run
code = run(sys.argv[1:])
status = Path({str(STATUS)!r}).read_text()
peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
print(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command line left, and what it took.

    Attributes
    ----------
    out, err : str
    seconds : float
        Start of the process and all.
    own, workers : float
        Peak memory of the process and of the largest one that it started, in MiB.  The latter
        begins with the memory of the process that started it, which getrusage counts as well; the
        larger of both is right.
    """

    out: str
    err: str
    seconds: float
    own: float
    workers: float

    @property
    def peak(self) -> float:
        """Peak memory of the largest process, in MiB."""
        return max(self.own, self.workers)


def ran(arguments: Sequence[str], folder: Path | None = None, *, before: str = "") -> Ran:
    """Run a softaudit command line in a folder, after some lines of Python in the same process.

    Raises
    ------
    RuntimeError
        If its exit code is not 0.

    Notes
    -----
    The process's own peak is VmHWM, since what getrusage says of it begins with ours.
    """
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", before + _RUN_AND_TELL, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    seconds = perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"softaudit {' '.join(arguments)}: {done.returncode}: {done.stderr}")
    err, _, told = done.stderr.rstrip("\n").rpartition("\n")
    own, workers = (int(kib) / 1024 for kib in told.split())
    return Ran(done.stdout, err, seconds, own, workers)
