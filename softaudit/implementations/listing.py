"""What is here: told by what is installed, and, if asked, by starting it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, version

from softaudit.implementations import IMPLEMENTATIONS, find, framework, missing
from softaudit.implementations.model import Unanswered
from softaudit.implementations.running import Runner


@dataclass(frozen=True, slots=True)
class Listed:
    """A framework, here or not.

    Attributes
    ----------
    name : str
    version : str or None
        None where it is not installed.
    install : str
        The command that installs what is missing; "" where nothing is.
    functions, formats, devices : tuple of str
        What it takes.
    started : mapping of str to str, or None
        By device what it said of itself when it was started, or why it did not; None if it was
        not asked.
    """

    name: str
    version: str | None
    install: str
    functions: tuple[str, ...]
    formats: tuple[str, ...]
    devices: tuple[str, ...]
    started: dict[str, str] | None = None


def listed(*, start: bool = False) -> list[Listed]:
    """List all frameworks.

    Parameters
    ----------
    start : bool
        Whether to start each that is installed, on every device that it takes.
    """
    return [_one(name, start=start) for name in IMPLEMENTATIONS]


def _one(name: str, *, start: bool) -> Listed:
    about = framework(name)
    absent = missing(about)
    return Listed(
        name,
        None if absent else _version(about.needs[0]),
        f"pip install 'softaudit[{name}]'" if absent else "",
        about.functions,
        about.formats,
        about.devices,
        {device: _said(name, device) for device in about.devices} if start and not absent else None,
    )


def _version(module: str) -> str:
    """Give a distribution's version, also where its name is another than its module's."""
    try:
        return version(module)
    except PackageNotFoundError:
        names = packages_distributions().get(module, [])
        return version(names[0]) if names else "of unknown version"


def _said(name: str, device: str) -> str:
    with Runner(find(name, device)) as runner:
        try:
            about = runner.start()
        except Unanswered as unanswered:
            return unanswered.reason
    return f"{about.version} on {about.device}"
