"""Reading the contract back: a saved result as the report that it was written from.

What is missing, of another type, or out of a closed list of names is an error with its place: a
gate must not pass because a file was damaged.  Views of single rows are not read back.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from softaudit.arithmetic import ELEMENTARY
from softaudit.errors import InputError, OptionError
from softaudit.json_v1.figures import ROWS, ULP
from softaudit.json_v1.write import SCHEMA
from softaudit.metrics import CAUSES, INFINITE_BIN, ONE_ULP_BIN
from softaudit.model import (
    Audit,
    Cell,
    CellKey,
    Degenerate,
    Event,
    ReferenceUse,
    RowKind,
    SkippedCell,
    Source,
    Worst,
)
from softaudit.plan import make_key
from softaudit.report import Report, SkippedSource
from softaudit.tally import OVERFLOW, UNDERFLOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPECIAL = ("nan", "inf", "-inf")


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
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is not JSON: {error}") from error
    return from_json(document, name)


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


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
    return Report(
        tool={key: part.text() for key, part in top["tool"].items()},
        environment=environment,
        audits=tuple(_audit(part) for part in top["audits"].parts()),
        skipped=tuple(
            SkippedSource(part["source"].text(), part["reason"].text())
            for part in top["skipped"].parts()
        ),
    )


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document that knows its place."""

    value: Any
    file: str
    place: str

    def wrong(self, wanted: str) -> InputError:
        """Say what was wanted here."""
        shown = json.dumps(self.value)
        shown = shown if len(shown) <= 30 else f"{shown[:29]}…"
        return InputError(
            f"{self.file}: {self.place or 'the document'} is {shown}, wanted {wanted}"
        )

    def _want(self, kind: type, wanted: str) -> Any:
        if not isinstance(self.value, kind) or isinstance(self.value, bool):
            raise self.wrong(wanted)
        return self.value

    def __getitem__(self, key: str) -> Node:
        """Give a part of an object."""
        value = self._want(dict, "an object")
        if key not in value:
            raise InputError(f"{self.file}: {self.place or 'the document'} lacks {key!r}")
        return Node(value[key], self.file, f"{self.place}.{key}" if self.place else key)

    def get(self, key: str, default: Any) -> Node:
        """Give a part that earlier versions did not write, or its default."""
        if isinstance(self.value, dict) and key not in self.value:
            return Node(default, self.file, f"{self.place}.{key}")
        return self[key]

    def items(self) -> Iterator[tuple[str, Node]]:
        """Go over an object's parts."""
        for key in self._want(dict, "an object"):
            yield key, self[key]

    def parts(self) -> list[Node]:
        """Give a list's parts."""
        found = self._want(list, "a list")
        return [Node(v, self.file, f"{self.place}[{i}]") for i, v in enumerate(found)]

    def text(self) -> str:
        """Take it for text."""
        return str(self._want(str, "a string"))

    def texts(self) -> list[str]:
        """Take it for a list of texts."""
        return [part.text() for part in self.parts()]

    def one_of(self, names: tuple[str, ...]) -> str:
        """Take it for one of some names."""
        if self.text() not in names:
            raise self.wrong(f"one of {', '.join(names)}")
        return self.text()

    def integer(self) -> int:
        """Take it for an integer."""
        return int(self._want(int, "an integer"))

    def count(self) -> int:
        """Take it for a number of things."""
        if self.integer() < 0:
            raise self.wrong("a count")
        return self.integer()

    def number(self) -> float:
        """Take it for a number; an integer stays one."""
        if self.value in SPECIAL and isinstance(self.value, str):
            return float(self.value)
        found: float = self._want((int, float), "a number")  # type: ignore[arg-type]
        return found

    def size(self) -> float:
        """Take it for a number that is 0 or more."""
        if not self.number() >= 0:
            raise self.wrong("a number that is 0 or more")
        return self.number()

    def index(self) -> tuple[int, ...]:
        """Take it for a place in an array."""
        return tuple(part.integer() for part in self.parts())

    def or_none(self, read: Callable[[Node], Any]) -> Any:
        """Read it, but for null."""
        return None if self.value is None else read(self)


def _audit(at: Node) -> Audit:
    used = at["reference"]
    radius = used["ulp_radius"].size()
    elementary = at.get("elementary", "numpy").one_of(tuple(ELEMENTARY))
    return Audit(
        source=_source(at["source"]),
        temperature=float(at["temperature"].number()),
        sampled=at["sampled"].or_none(Node.count),
        reference=ReferenceUse(
            used["method"].text(),
            {name: part.count() for name, part in used["tiers"].items()}
            | {"undecided": used["undecided"].count()},
            radius,
        ),
        cells=tuple(_cell(part, radius, elementary) for part in at["cells"].parts()),
        skipped=tuple(
            SkippedCell(part["cell"].text(), part["reason"].text())
            for part in at["skipped"].parts()
        ),
        range=at["range"].or_none(_range),
        widest=at["widest"].or_none(Node.size),
        row=at["row"].or_none(Node.index),
        partial=at["partial"].or_none(Node.count),
        elementary=elementary,
    )


def _range(at: Node) -> tuple[float, float]:
    ends = at.parts()
    if len(ends) != 2:
        raise at.wrong("two numbers")
    return float(ends[0].number()), float(ends[1].number())


def _source(at: Node) -> Source:
    name = at["name"].text()
    whole = name != "<stdin>" and not name.endswith("…")
    return Source(
        name=name,
        command=shlex.quote(name) if whole else "",
        key=at["key"].or_none(Node.text),
        format=at["format"].text(),
        shape=at["shape"].index(),
        axis=at["axis"].integer(),
        rows=at["rows"].count(),
        columns=at["columns"].count(),
        sha256=at["sha256"].text(),
    )


def _key(at: Node, elementary: str) -> CellKey:
    """Put a cell's key together; an implementation of somebody's takes the algorithm's place."""
    function, form, algorithm = (at[part].text() for part in ("function", "format", "algorithm"))
    compute, accumulate, order = (at[part].text() for part in ("compute", "accumulate", "order"))
    given = at["implementation"].or_none(Node.text)
    try:
        ours = algorithm if given is None else "stable"
        key = make_key(function, form, ours, compute, accumulate, order, elementary)
    except OptionError as error:
        raise InputError(f"{at.file}: {at.place}: {error}") from error
    key = replace(key, algorithm=algorithm)
    if key.name != at["name"].text():
        raise at["name"].wrong(f"{key.name}, by its parts")
    return key


def _cell(at: Node, radius: float, elementary: str) -> Cell:
    key = _key(at, elementary)
    return Cell(
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
        cast_error={name: at["cast_error"][name].or_none(Node.size) for name in ("max", "mean")},
        row_sum_defect=at["row_sum"].or_none(lambda part: part["max_defect"].size()),
        worst=tuple(_worst(part) for part in at["worst"].parts()),
        events={name: _event(part) for name, part in at["events"].items()},
        causes={name: _event(part) for name, part in at["causes"].items()},
        breaks={name: _event(part) for name, part in at["breaks"].items()},
        degenerate=tuple(_degenerate(part) for part in at["degenerate"].parts()),
        ulp_radius=radius,
    )


def _histogram(at: Node) -> dict[int, int]:
    bins, counts = at["bins"].parts(), at["counts"].parts()
    if len(bins) != len(counts):
        raise at.wrong("as many bins as counts")
    ends = {0: at["zero"].count(), INFINITE_BIN: at["infinite"].count()}
    finite = {b.integer() + ONE_ULP_BIN: n.count() for b, n in zip(bins, counts, strict=True)}
    return {b: n for b, n in sorted((finite | ends).items()) if n}


def _worst(at: Node) -> Worst:
    return Worst(
        index=at["index"].index(),
        logit=at["logit"].or_none(lambda part: float(part.number())),
        computed=float(at["computed"].number()),
        exact=at["exact"].text(),
        ulp=float(at["ulp"].size()),
        relative=float(at["relative"].size()),
        cause=at["cause"].one_of(tuple(CAUSES)),
    )


def _event(at: Node) -> Event:
    return Event(at["count"].count(), at["rows"].count(), at["first"].index())


def _degenerate(at: Node) -> Degenerate:
    kind = at["kind"].one_of(ROWS)
    returned = tuple(float(part.number()) for part in at["returned"].parts())
    return Degenerate(RowKind[kind.upper()], at["rows"].count(), at["first"].index(), returned)
