"""Reading the contract back: a saved result as the report that it was written from.

What is missing, of another type, or out of a closed list of names is an error with its place: a
gate must not pass because a file was damaged.  Views of single rows are not read back.
"""

from __future__ import annotations

import shlex
from itertools import chain
from math import inf, prod
from pathlib import PurePosixPath
from typing import Any

from softaudit.against import against
from softaudit.arithmetic import ELEMENTARY
from softaudit.errors import InputError
from softaudit.formats import FORMATS
from softaudit.json_v1.agreement import disagreements, ratio_disagreements
from softaudit.json_v1.node import Node
from softaudit.json_v1.read_cell import read_cell
from softaudit.json_v1.strict import loads
from softaudit.json_v1.write import SCHEMA, summary_to_json
from softaudit.metrics import mapped_axes
from softaudit.model import TIERS, Audit, Cell, ReferenceUse, SkippedCell, Source, Used
from softaudit.report import Report, SkippedSource
from softaudit.summary import CellSummary, summarize

TOOL = ("softaudit", "numpy")


def read_report(text: str, name: str) -> Report:
    """Read a saved result.

    Parameters
    ----------
    text : str
    name : str
        What to call it in a message.

    Raises
    ------
    InputError
        If it is no JSON, or not what `to_json` writes; with the place.
    """
    try:
        document = loads(text)
    except ValueError as error:
        raise InputError(f"{name}: is not JSON: {error}") from error
    return from_json(document, name)


def from_json(document: Any, name: str = "result") -> Report:
    """Take the contract's nested dictionaries for a report; see `read_report`."""
    top = Node(document, name, "")
    if not isinstance(document, dict) or "schema" not in document:
        raise InputError(
            f'{name}: is no result of softaudit: it has no "schema"; '
            f"write one with softaudit check INPUT -o result.json"
        )
    schema = top["schema"].count()
    if schema != SCHEMA:
        newer = "a newer softaudit wrote it; update" if schema > SCHEMA else "there is none such"
        raise InputError(f"{name}: has schema {schema}, this softaudit reads {SCHEMA}: {newer}")
    environment = {
        key: part.texts() if key == "processor_features" else part.text()
        for key, part in top["environment"].items()
    }
    tool = {key: part.text() for key, part in top["tool"].items()}
    _ = [top["tool"][key] for key in TOOL], top["environment"]["processor_features"]
    audits = tuple(_checked_audit(part) for part in top["audits"].parts())
    return Report(
        tool=tool,
        environment=environment,
        audits=audits,
        summary=_summary(top, audits),
        skipped=tuple(
            SkippedSource(part["source"].text(), part["reason"].text())
            for part in top["skipped"].parts()
        ),
    )


def audit_from_json(document: Any, name: str) -> Audit:
    """Take what the contract has of one audit for an audit.

    Parameters
    ----------
    document : Any
        Known to be what was written, so that its figures are not held against each other.
    name : str
        What to call it in a message.

    Raises
    ------
    InputError
        If a part is missing, or is no such thing; with the place.
    """
    return _audit(Node(document, name, ""))


def _checked_audit(at: Node) -> Audit:
    """Take an audit that anybody may have written."""
    audit = _audit(at)
    names = [cell.key.name for cell in audit.cells]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{at.file}: {at.place}.cells has {twice} twice")
    rows = audit.partial if audit.partial is not None else _asked_rows(at, audit.source)
    axes = _mapped_axes(at, audit.source)
    divided = against(audit.cells, audit.trusted)
    for cell, part, again in zip(audit.cells, at["cells"].parts(), divided, strict=True):
        for group, wrong in chain(disagreements(cell), ratio_disagreements(cell, again)):
            raise InputError(f"{part.file}: {part.place}.{group}: {wrong}")
        _check_rows(part, cell, rows, audit.source.columns)
        _check_map(part, cell, axes)
    return audit


def _summary(top: Node, audits: tuple[Audit, ...]) -> tuple[CellSummary, ...] | None:
    """Make a summary again, if the document has one, and hold it against that."""
    at = top["summary"]
    if at.value is None:
        return None
    found = summarize(audits)
    if summary_to_json(found) != _completed(at.value):
        raise InputError(f"{at.file}: summary does not agree with the audits")
    return found


def _completed(summary: Any) -> Any:
    """Give a summary's cells the keys that an older softaudit did not write."""
    joined = {"against": None, "ratio": None}
    cells = summary if isinstance(summary, list) else [summary]
    return [{**joined, **cell} if isinstance(cell, dict) else cell for cell in cells]


def _audit(at: Node) -> Audit:
    elementary = at["elementary"].one_of(tuple(ELEMENTARY))
    logits_format = at.joined("logits_format").or_none(_format)
    source, used = _source(at["source"]), _reference(at["reference"])
    cells = tuple(
        read_cell(part, source, used.ulp_radius, elementary, logits_format)
        for part in at["cells"].parts()
    )
    return Audit(
        source=source,
        temperature=_temperature(at["temperature"]),
        sampled=at["sampled"].or_none(Node.count),
        reference=used,
        cells=cells,
        skipped=tuple(
            SkippedCell(part["cell"].text(), part["reason"].text())
            for part in at["skipped"].parts()
        ),
        range=at["range"].or_none(_range),
        widest=at["widest"].or_none(Node.size),
        row=at["row"].or_none(Node.index),
        partial=at["partial"].or_none(Node.count),
        elementary=elementary,
        logits_format=logits_format,
        implementations=at.joined("implementations").or_none(_implementations) or (),
        trusted=at.joined("trusted").or_none(Node.text),
        shown_worst=max(5, *(len(cell.worst) for cell in cells), 0),
    )


def _format(at: Node) -> str:
    return at.one_of(tuple(FORMATS))


def _implementations(at: Node) -> tuple[Used, ...]:
    return tuple(
        Used(
            name=part["name"].text(),
            version=part["version"].or_none(Node.text),
            device=part["device"].or_none(Node.text),
            sha256=part["sha256"].or_none(Node.text),
            command=part["command"].text(),
            remarks={cell: tuple(of.texts()) for cell, of in part["remarks"].items()},
        )
        for part in at.parts()
    )


def _check_rows(at: Node, cell: Cell, rows: int, columns: int) -> None:
    if sum(cell.rows.values()) != rows:
        raise at["rows"].wrong(f"{rows} rows in all")
    each = 1 if cell.key.function == "logsumexp" else columns
    at["elements"].same(cell.rows["audited"] * each)
    if cell.bound is not None and cell.bound.rows > cell.rows["audited"]:
        raise at["bound"]["rows"].wrong(f"at most {cell.rows['audited']} rows")


def _check_map(at: Node, cell: Cell, axes: tuple[int, ...] | None) -> None:
    if (None if cell.by_axis is None else cell.by_axis.shape) != axes:
        wanted = "null" if axes is None else f"of shape {list(axes)}"
        raise at["by_axis"].wrong(f"{wanted}, by the logits' shape")


def _mapped_axes(at: Node, source: Source) -> tuple[int, ...] | None:
    shape = list(source.shape)
    if not -len(shape) <= source.axis < len(shape):
        raise at["source"]["axis"].wrong("an axis of the shape")
    del shape[source.axis]
    return None if at["row"].value is not None else mapped_axes(shape)


def _asked_rows(at: Node, source: Source) -> int:
    """Give how many rows were to be audited."""
    at["source"]["rows"].same(prod(source.shape) // max(source.columns, 1))
    row, sampled = at["row"].or_none(Node.index), at["sampled"].or_none(Node.count)
    if row is not None:
        return 1
    return source.rows if sampled is None else int(sampled)


def _temperature(at: Node) -> float:
    if not 0 < at.number() < inf:
        raise at.wrong("a positive finite number")
    return float(at.number())


def _reference(at: Node) -> ReferenceUse:
    tiers = {name: at["tiers"][name].count() for name in TIERS}
    used = ReferenceUse(at["method"].text(), tiers, at["ulp_radius"].size())
    at["undecided"].same(used.undecided)
    at["settled_by_mpmath"].same(used.settled_by_mpmath)
    return used


def _range(at: Node) -> tuple[float, float]:
    ends = at.parts()
    if len(ends) != 2:
        raise at.wrong("two numbers")
    return float(ends[0].number()), float(ends[1].number())


def _source(at: Node) -> Source:
    name = at["name"].text()
    # An array in memory, and standard input, have names without one; a long literal is cut.
    is_named = name.startswith("[") or bool(PurePosixPath(name).suffix)
    whole = is_named and not name.endswith("…")
    return Source(
        name=name,
        command=_command(name) if whole and "\\" not in name else "",
        key=at["key"].or_none(Node.text),
        format=at["format"].text(),
        shape=at["shape"].index(),
        axis=at["axis"].integer(),
        rows=at["rows"].count(),
        columns=at["columns"].count(),
        sha256=at["sha256"].text(),
    )


def _command(name: str) -> str:
    return shlex.quote(f"./{name}" if name.startswith("-") else name)
