"""A directory of its own for every test, without settings, and the command in this process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from softaudit import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SETTINGS = ("SOFTAUDIT_", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM", "PYTHONIOENCODING")


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(SETTINGS):
            monkeypatch.delenv(name)


@dataclass(frozen=True)
class Ended:
    """What a command line left: exit code, standard output and standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def softaudit(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run a command line in this process."""

    def run(*arguments: str) -> Ended:
        code = cli.run(list(arguments))
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def process() -> Callable[..., Ended]:
    """Run a command line in a process of its own, with some environment on top."""

    def run(*arguments: str, stdin: bytes = b"", **environment: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "softaudit", *arguments],
            input=stdin,
            capture_output=True,
            env={**os.environ, **environment},
            check=False,
        )
        encoding = environment.get("PYTHONIOENCODING", "utf-8")
        return Ended(done.returncode, done.stdout.decode(encoding), done.stderr.decode("utf-8"))

    return run


@pytest.fixture
def fails(softaudit: Callable[..., Ended]) -> Callable[..., str]:
    """Run a command line that must fail as every error does, and give the one line it says."""

    def run(*arguments: str) -> str:
        ended = softaudit(*arguments)
        assert ended.code == 2
        assert ended.out == ""
        assert ended.err.count("\n") == 1
        assert ended.err.startswith("softaudit: ")
        assert "Traceback" not in ended.err
        return ended.err.removeprefix("softaudit: ").rstrip("\n")

    return run
