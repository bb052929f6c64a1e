"""What probes found as GitHub-flavoured Markdown: a table for each function and format."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from softaudit.render.facts import used_words
from softaudit.render.gfm import code, escape, item, table
from softaudit.render.invariance_words import (
    LEGEND,
    NO_ANSWER,
    SHARES,
    cell_words,
    differing,
    facts,
    missing,
    notes,
    same,
    share_words,
)
from softaudit.render.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.studies.probed import Invariance, Probed


def render_markdown(found: Invariance, screen: Screen | None = None) -> Iterator[str]:
    """Render what probes found as Markdown; quiet leaves out the tables."""
    quiet = (screen or Screen()).quiet
    yield "\n\n".join(_blocks(found, quiet=quiet)) + "\n"


def _blocks(found: Invariance, *, quiet: bool) -> Iterator[str]:
    yield f"# {code(found.source.input)}"
    yield escape(" · ".join(facts(found)))
    yield "\n".join(item(escape(used_words(used))) for used in found.respondents)
    if found.probes and not quiet:
        yield from _tables(found)
        yield escape(f"{LEGEND} {SHARES}")
    said = {"note": list(notes(found)), NO_ANSWER: list(missing(found))}
    for kind, texts in (said | dict(differing(found)) | {"same": list(same(found))}).items():
        if texts:
            yield f"**{kind}**"
            yield "\n".join(item(escape(text)) for text in texts)


def _tables(found: Invariance) -> Iterator[str]:
    names = list(dict.fromkeys(p.implementation for p in found.probes))
    there = {(p.function, p.format, p.probe, p.implementation): p for p in found.probes}
    heads = ["probe", *map(code, names)]
    for (function, form), lines in groupby(found.lines, lambda line: line[:2]):
        rows = [[line[2], *(_text(there.get((*line, name))) for name in names)] for line in lines]
        yield f"## {code(f'{function}/{form}')}"
        yield table(heads, rows, right=range(1, len(heads)))


def _text(probed: Probed | None) -> str:
    return escape(f"{cell_words(probed)} {share_words(probed)}")
