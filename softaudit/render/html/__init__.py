"""The report as one page for a browser: what people would rather look at than read.

Everything is in the one file, and it asks for nothing: style, script, pictures and figures.  What
an input is beside its line is kept as JSON and laid out when somebody opens it, which makes three
hundred files fit; all else is there without a script.  Jinja2 and Matplotlib come with the extra
`html` and are imported when a page is asked for, and not before.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from softaudit.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from softaudit.render.screen import Screen
    from softaudit.report import Report

NEEDS = {"jinja2": "Jinja2", "matplotlib": "Matplotlib"}


def check_installed(modules: Sequence[str] = ()) -> None:
    """Refuse before the work what could not be rendered after it.

    Parameters
    ----------
    modules : sequence of str
        What a page without pictures needs; all of `NEEDS` by default.

    Raises
    ------
    OptionError
        Without Jinja2 or Matplotlib, or where one of them is there and does not load.
    """
    needs = {module: NEEDS[module] for module in modules or NEEDS}
    missing = [name for module, name in needs.items() if find_spec(module) is None]
    if missing:
        raise OptionError(
            f"html: {' and '.join(missing)} not installed: pip install 'softaudit[html]'"
        )
    with _no_backend():
        for module, name in needs.items():
            _load(module, name)


def _load(module: str, name: str) -> None:
    try:
        import_module(module)
    except Exception as error:  # an installation that does not fit raises anything
        reason = " ".join(str(error).split())
        raise OptionError(f"html: {name} is installed and cannot be imported: {reason}") from error


@contextmanager
def _no_backend() -> Iterator[None]:
    """Hide MPLBACKEND from the first import of Matplotlib, and let it hold after that.

    Every Jupyter kernel sets it to a backend that need not be where softaudit is, and the import
    refuses a name that it does not know.  Pictures are drawn without any backend.
    """
    name = None if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", None)
    try:
        yield
    finally:
        if name is not None:
            os.environ["MPLBACKEND"] = name
    if name:
        with suppress(ValueError):
            import_module("matplotlib").rcParams["backend"] = name


def render(report: Report, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render a report as a page of HTML, piece by piece.

    Parameters
    ----------
    report : Report
        Its audits are gone through once.
    screen : Screen, optional
        Says nothing of where a page is read.

    Raises
    ------
    OptionError
        Without Jinja2 or Matplotlib.
    """
    check_installed()
    from softaudit.render.html.page import page

    yield from page(report)


__all__ = ["check_installed", "render"]
