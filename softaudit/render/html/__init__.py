"""The report as one page for a browser: what people would rather look at than read.

Everything is in the one file, and it asks for nothing: style, script, pictures and figures.  What
an input is beside its line is kept as JSON and laid out when somebody opens it, which makes three
hundred files fit; all else is there without a script.  Jinja2 and Matplotlib come with the extra
`html` and are imported when a page is rendered.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from softaudit.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.render.screen import Screen
    from softaudit.report import Report

NEEDS = {"jinja2": "Jinja2", "matplotlib": "Matplotlib"}


def check_installed() -> None:
    """Refuse before the work what could not be rendered after it.

    Raises
    ------
    OptionError
        Without Jinja2 or Matplotlib.
    """
    missing = [name for module, name in NEEDS.items() if find_spec(module) is None]
    if missing:
        raise OptionError(
            f"html: {' and '.join(missing)} not installed: pip install 'softaudit[html]'"
        )


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
