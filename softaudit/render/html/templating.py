"""Templates of pages, and what is put into them as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent / "templates"


def template(name: str) -> Any:
    """Load a template, which escapes what it is given and stops at what it is not given."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    return environment.get_template(name)


def text_of(name: str) -> str:
    """Read a file that stands beside the templates."""
    return (FOLDER / name).read_text("utf-8")
