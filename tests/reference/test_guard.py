"""With flush-to-zero, or rounding upwards, switched on in the process, nothing is judged."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from softaudit.reference import check_processor

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
#include <immintrin.h>
void switch_on(unsigned bits) { _mm_setcsr(_mm_getcsr() | bits); }
"""

STATES = {
    "flush-to-zero": (0x8000, "flushes subnormal numbers to zero"),
    "denormals-are-zero": (0x0040, "flushes subnormal numbers to zero"),
    "both": (0x8040, "flushes subnormal numbers to zero"),
    "round-downward": (0x2000, "does not round to nearest"),
    "round-upward": (0x4000, "does not round to nearest"),
    "round-to-zero": (0x6000, "does not round to nearest"),
}

PREPARE = """
import ctypes, sys
import numpy, mpmath, ml_dtypes
switch_on = ctypes.CDLL(sys.argv.pop(1)).switch_on
bits = int(sys.argv.pop(1))
"""

FROM_PYTHON = (
    PREPARE
    + """
import softaudit
from softaudit.errors import PlatformError
switch_on(bits)
for ask in (
    lambda: softaudit.audit([40.0, 0.0]),
    lambda: softaudit.exact("softmax", [40.0, 0.0], format="float16"),
):
    try:
        ask()
    except PlatformError as error:
        print(error)
    else:
        print("judged")
"""
)

FROM_THE_COMMAND = (
    PREPARE
    + """
from softaudit.cli import main
switch_on(bits)
sys.exit(main())
"""
)


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """Compile the function that sets bits of the processor's control register."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler to switch the processor's state with")
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip(f"the control register of {platform.machine()} has other bits")
    folder = tmp_path_factory.mktemp("guard")
    (folder / "state.c").write_text(SOURCE)
    made = folder / "state.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(made), str(folder / "state.c")]
    subprocess.run(command, check=True, capture_output=True)
    return made


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.processes
@pytest.mark.parametrize("state", STATES)
def test_the_python_face_refuses(library, state):
    bits, says = STATES[state]
    found = run(FROM_PYTHON, library, bits)
    assert found.returncode == 0, found.stderr
    lines = found.stdout.splitlines()
    assert len(lines) == 2
    assert all(says in line for line in lines), lines


@pytest.mark.parametrize("state", ["flush-to-zero", "round-upward"])
def test_the_command_ends_with_2_and_one_line(library, state):
    bits, says = STATES[state]
    found = run(FROM_THE_COMMAND, library, bits, "check", "[40, 0]")
    assert found.returncode == 2
    assert found.stdout == ""
    assert len(found.stderr.splitlines()) == 1, found.stderr
    assert says in found.stderr


def test_an_untouched_process_judges(library):
    found = run(FROM_PYTHON, library, 0)
    assert found.stdout.splitlines() == ["judged", "judged"]
    check_processor()
