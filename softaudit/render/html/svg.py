"""What Matplotlib writes as SVG, made small, and part of the page that it stands in.

Its texts take the page's font, its one color becomes the page's, ids go since many pictures share
a page, and numbers keep two decimals: at 72 to an inch, nobody sees a third.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Iterator

INK = "#010203"
"""Stands for the color of the page's text."""

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_KEPT = ("fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray",
         "text-anchor", "font-size", "font-weight", "opacity")  # fmt: skip


def tidied(text: str, title: str, description: str, name: str) -> str:
    """Make a picture small, and give it a text alternative.

    Parameters
    ----------
    text : str
        What Matplotlib wrote, `svg.fonttype` none, `INK` for the page's color.
    title, description : str
        The text alternative: what it is, and what it says.
    name : str
        Of the picture among those of the page, fit for an id.

    Returns
    -------
    str
        An element `svg`.
    """
    root = ElementTree.fromstring(text)
    box = root.get("viewBox", "")
    page = ElementTree.Element("svg", {
        "viewBox": box, "role": "img", "aria-labelledby": f"{name}-t {name}-d",
    })  # fmt: skip
    for tag, words in (("title", title), ("desc", description)):
        ElementTree.SubElement(page, tag, {"id": f"{name}-{tag[0]}"}).text = words
    page.extend(part for child in root for part in _flat(child))
    return ElementTree.tostring(page, encoding="unicode")


def _flat(part: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Give what is drawn, without the groups that it stands in."""
    tag = part.tag.removeprefix(f"{{{_SVG}}}") if isinstance(part.tag, str) else ""
    if tag == "g":
        for child in part:
            yield from _flat(child)
    elif tag in ("path", "text", "image"):
        made = ElementTree.Element(tag, dict(_attributes(part)))
        made.text = part.text
        yield made


def _attributes(part: ElementTree.Element) -> Iterator[tuple[str, str]]:
    style = dict(_declarations(part.get("style", "")))
    for name in ("d", "x", "y", "width", "height", "transform"):
        value = part.get(name, "")
        if value and not value.startswith("rotate(-0 "):
            yield name, _shortened(value)
    if source := part.get(f"{{{_XLINK}}}href"):
        yield "href", source.replace("\n", "")
        yield "preserveAspectRatio", "none"
    for name in _KEPT:
        if name in style:
            yield name, style[name].replace(INK, "currentColor")


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for declaration in filter(None, style.split(";")):
        name, _, value = declaration.partition(":")
        if name.strip() == "font":  # such as: bold 9px 'DejaVu Sans', sans-serif
            size = re.search(r"([\d.]+)px", value)
            yield from [("font-size", size[1])] if size else []
            yield from [("font-weight", "600")] if "bold" in value or "700" in value else []
        else:
            yield name.strip(), _shortened(value.strip())


def _shortened(text: str) -> str:
    return " ".join(_NUMBER.sub(_two_decimals, text).split())


def _two_decimals(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
