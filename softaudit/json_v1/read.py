"""Reading the contract back: a saved result as the report that it was written from.

What is missing, of another type, or out of a closed list of names is an error with its place: a
gate must not pass because a file was damaged.  Views of single rows are not read back.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from math import inf, prod
from pathlib import PurePosixPath
from typing import Any

from softaudit.algorithms import BLOCKWISE
from softaudit.arithmetic import ELEMENTARY
from softaudit.errors import InputError, OptionError
from softaudit.json_v1.agreement import disagreements
from softaudit.json_v1.figures import ORIGINS, ROWS, ULP
from softaudit.json_v1.node import Node
from softaudit.json_v1.strict import loads
from softaudit.json_v1.write import SCHEMA
from softaudit.metrics import BINS_PER_OCTAVE, CAUSES, COUNTS, INFINITE_BIN, ONE_ULP_BIN, TOP_K
from softaudit.model import (
    TIERS,
    Audit,
    Bound,
    Cell,
    CellKey,
    Condition,
    Degenerate,
    Event,
    ReferenceUse,
    RowKind,
    RowQuality,
    SkippedCell,
    Source,
    Worst,
)
from softaudit.plan import make_key
from softaudit.report import Report, SkippedSource
from softaudit.tally import OVERFLOW, UNDERFLOW

TOOL = ("softaudit", "numpy")
EVENTS = (
    *COUNTS,
    *("overflow.cast", "overflow.cast_to_mask", "overflow.saturated"),
    *("rows.lost_to_cast", "rows.masked_by_cast"),
)


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
    return Report(
        tool=tool,
        environment=environment,
        audits=tuple(_audit(part) for part in top["audits"].parts()),
        skipped=tuple(
            SkippedSource(part["source"].text(), part["reason"].text())
            for part in top["skipped"].parts()
        ),
    )


def _audit(at: Node) -> Audit:
    elementary = at["elementary"].one_of(tuple(ELEMENTARY))
    source, used = _source(at["source"]), _reference(at["reference"])
    cells = tuple(_cell(part, source, used.ulp_radius, elementary) for part in at["cells"].parts())
    names = [cell.key.name for cell in cells]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{at.file}: {at.place}.cells has {twice} twice")
    partial = at["partial"].or_none(Node.count)
    rows = partial if partial is not None else _asked_rows(at, source)
    for cell, part in zip(cells, at["cells"].parts(), strict=True):
        if sum(cell.rows.values()) != rows:
            raise part["rows"].wrong(f"{rows} rows in all")
        each = 1 if cell.key.function == "logsumexp" else source.columns
        part["elements"].same(cell.rows["audited"] * each)
        if cell.bound is not None and cell.bound.rows > cell.rows["audited"]:
            raise part["bound"]["rows"].wrong(f"at most {cell.rows['audited']} rows")
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
        partial=partial,
        elementary=elementary,
        shown_worst=max(5, *(len(cell.worst) for cell in cells), 0),
    )


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


def _key(at: Node, elementary: str) -> CellKey:
    """Put a cell's key together; an implementation of somebody's takes the algorithm's place."""
    function, form, algorithm = (at[part].text() for part in ("function", "format", "algorithm"))
    compute, accumulate, order = (at[part].text() for part in ("compute", "accumulate", "order"))
    given = at["implementation"].or_none(Node.text)
    ours = algorithm if given is None else "stable"
    size = at["block_size"].or_none(Node.count)
    if (size is None) == (ours in BLOCKWISE):
        raise at["block_size"].wrong("null for algorithms without blocks, and only for these")
    try:
        key = make_key(
            *(function, form, ours, compute, accumulate, order),
            subnormals=at["subnormals"].text(),
            saturate=at["saturate"].flag(),
            block_size=size,
            elementary=elementary,
        )
    except OptionError as error:
        raise InputError(f"{at.file}: {at.place}: {error}") from error
    key = replace(key, algorithm=algorithm)
    if key.name != at["name"].text():
        raise at["name"].wrong(f"{key.name}, by its parts")
    return key


def _cell(at: Node, source: Source, radius: float, elementary: str) -> Cell:
    key = _key(at, elementary)
    at["input"].same(source.input)
    cell = Cell(
        key=key,
        elements=at["elements"].count(),
        rows={name: at["rows"][name].count() for name in ROWS},
        overflow={name: at["overflow"][name].count() for name in OVERFLOW},
        underflow={name: at["underflow"][name].count() for name in UNDERFLOW}
        | {"lost_mass": at["underflow"]["lost_mass"].or_none(Node.size)},
        out_of_range=at["out_of_range"].or_none(Node.count),
        ulp={name: at["ulp"][name].or_none(Node.size) for name in ULP},
        histogram=_histogram(at["histogram"]),
        absolute_max=at["absolute"]["max"].or_none(Node.size),
        relative_max=at["relative"]["max"].or_none(Node.size),
        correctly_rounded=at["correctly_rounded"].count(),
        cast_error=_statistics(at["cast_error"]),
        origin={name: _statistics(at["origin"][name]) for name in ORIGINS},
        quality=at["quality"].or_none(_quality),
        row_sum_defect=at["row_sum"].or_none(lambda part: part["max_defect"].size()),
        worst=tuple(_worst(part) for part in at["worst"].parts()),
        events={name: _event(part) for name, part in at["events"].items(EVENTS)},
        causes={name: _event(part) for name, part in at["causes"].items(CAUSES)},
        breaks={name: _event(part) for name, part in at["breaks"].items(CAUSES)},
        degenerate=tuple(_degenerate(part) for part in at["degenerate"].parts()),
        ulp_radius=radius,
        bound=at["bound"].or_none(_bound),
        condition=at["condition"].or_none(_condition),
    )
    for group, wrong in disagreements(cell):
        raise InputError(f"{at.file}: {at.place}.{group}: {wrong}")
    return cell


def _bound(at: Node) -> Bound:
    error, ratio, bound = (at[name].size() for name in ("error", "ratio", "bound"))
    return Bound(at["rows"].positive(), error, ratio, bound, at["index"].index())


def _condition(at: Node) -> Condition:
    return Condition(at["max"].size(), at["p50"].size(), at["index"].index())


def _statistics(at: Node) -> dict[str, float | None]:
    return {name: at[name].or_none(Node.size) for name in ("max", "mean")}


def _quality(at: Node) -> RowQuality:
    at["top_k"].same(TOP_K)
    kl = {**_statistics(at["kl"]), "mean_over": at["kl"]["mean_over"].count()}
    return RowQuality(
        argmax_kept=at["argmax_kept"].count(),
        top_k=TOP_K,
        top_k_kept=at["top_k_kept"].count(),
        kl=kl,
        total_variation=_statistics(at["total_variation"]),
        log_probability=at["log_probability"]["max"].or_none(Node.size),
        choice_refused=at["choice_refused"].or_none(Node.count),
    )


def _histogram(at: Node) -> dict[int, int]:
    at["bins_per_octave"].same(BINS_PER_OCTAVE)
    bins, counts = at["bins"].parts(), at["counts"].parts()
    if len(bins) != len(counts):
        raise at.wrong("as many bins as counts")
    ends = {0: at["zero"].count(), INFINITE_BIN: at["infinite"].count()}
    finite = {_bin(b): n.count() for b, n in zip(bins, counts, strict=True)}
    return {b: n for b, n in sorted((finite | ends).items()) if n}


def _bin(at: Node) -> int:
    if not 0 < at.integer() + ONE_ULP_BIN < INFINITE_BIN:
        raise at.wrong("the number of a bin")
    return at.integer() + ONE_ULP_BIN


def _worst(at: Node) -> Worst:
    return Worst(
        index=at["index"].index(),
        logit=at["logit"].or_none(lambda part: float(part.number())),
        computed=float(at["computed"].number()),
        exact=at["exact"].decimal(),
        ulp=float(at["ulp"].size()),
        relative=float(at["relative"].size()),
        cause=at["cause"].one_of(tuple(CAUSES)),
    )


def _event(at: Node) -> Event:
    return Event(at["count"].positive(), at["rows"].positive(), at["first"].index())


def _degenerate(at: Node) -> Degenerate:
    kind = at["kind"].one_of(ROWS)
    returned = tuple(float(part.number()) for part in at["returned"].parts())
    return Degenerate(RowKind[kind.upper()], at["rows"].count(), at["first"].index(), returned)
