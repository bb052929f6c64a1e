"""Fixtures that write a source and read it back from the directory it lies in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from softaudit.errors import InputError
from softaudit.sources import read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from softaudit.model import Logits


@pytest.fixture(autouse=True)
def _in_own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, bytes], str]:
    """Write bytes to a file, and give its name."""

    def write(name: str, data: bytes) -> str:
        (tmp_path / name).write_bytes(data)
        return name

    return write


@pytest.fixture
def one(put: Callable[[str, bytes], str]) -> Callable[..., Logits]:
    """Read the one array of a file with these bytes."""

    def read_one(name: str, data: bytes, **options: object) -> Logits:
        (logits,) = read(put(name, data), **options)  # type: ignore[arg-type]
        return logits

    return read_one


@pytest.fixture
def refusal(put: Callable[[str, bytes], str]) -> Callable[..., str]:
    """Give the one line with which a file of these bytes is refused."""

    def message(name: str, data: bytes, **options: object) -> str:
        with pytest.raises(InputError) as caught:
            read(put(name, data), **options)  # type: ignore[arg-type]
        text = str(caught.value)
        assert text.isprintable()
        assert text.startswith(name)
        return text

    return message
