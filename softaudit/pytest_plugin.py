"""The pytest plugin: `assert_accurate` as a fixture, in every session where softaudit is installed.

It is loaded in all of those, also where nobody asks for it, and so imports nothing that takes time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from softaudit.accuracy import assert_accurate

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(name="assert_accurate", scope="session")
def _assert_accurate() -> Callable[..., None]:
    """Assert that an implementation's outputs are accurate; see softaudit.assert_accurate."""
    return assert_accurate


__all__ = ["assert_accurate"]
