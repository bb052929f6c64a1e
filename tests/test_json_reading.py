"""Reading the contract back: the same report, or an error that names the place.

Documents are damaged in every place: each key removed, each value replaced by those of other types.
"""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from functools import cache
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

import softaudit
from softaudit.audit import audit
from softaudit.errors import InputError
from softaudit.json_v1 import from_json, read_report, to_json
from softaudit.model import ReferenceUse
from softaudit.plan import make_plan
from softaudit.render import RENDERERS
from softaudit.render.screen import Screen
from softaudit.report import Report, SkippedSource, make_report
from softaudit.sources.array import from_array
from softaudit.summary import summarize

from .hard_rows import HARD_ROWS
from .render.judged import rendered

FIXTURES = Path(__file__).parents[1] / "fixtures"
FUNCTIONS = ["softmax", "log_softmax", "logsumexp"]
FORMATS = ["float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"]


def plain(report: Report) -> dict:
    """Give a document as a file has it, without the judgement, which is not read back."""
    return json.loads(json.dumps(to_json(report), allow_nan=False))


def back(report: Report) -> Report:
    return read_report(json.dumps(plain(report)), "r.json")


@cache
def hard() -> Report:
    """Hard rows of up to three columns, in every format and function, at two temperatures."""
    rows = [row + [-inf] * (3 - len(row)) for row in HARD_ROWS.values() if len(row) <= 3]
    made = [
        softaudit.audit(rows, function=FUNCTIONS, format=FORMATS, worst=9, temperature=t)
        for t in (1.0, 0.3)
    ]
    return make_report(made, [SkippedSource("x.npy", "torn")])


@cache
def small() -> Report:
    """Two cells in which much happens, with a skipped one: what every place is damaged in."""
    asked = {"function": ["softmax", "log_softmax"], "format": ["float16"],
             "algorithm": ["naive", "stable"], "compute": ["float8_e5m2", "float16"]}  # fmt: skip
    literal = softaudit.read("[[12, 1, 0.5], [0, -20, 0.125], [-inf, 3, -inf], [nan, 1, 2], "
                             "[70000, 1, 64]]")  # fmt: skip
    made = audit(literal, make_plan(asked, sample=4))
    made = replace(made, cells=made.cells[::3])
    return make_report([made], [SkippedSource("x.npy", "torn")])


def small_document() -> dict:
    return copy.deepcopy(plain(small()))


class TestRoundTrip:
    """What was written is read, and written again as it was."""

    @pytest.mark.parametrize("report", [hard, small], ids=lambda f: f.__name__)
    def test_hard_rows(self, report):
        assert plain(back(report())) == plain(report())

    @pytest.mark.parametrize(
        "name",
        ["attention_causal.npy", "attention_finfo_min.npy", "attention_float16.npy",
         "attention_left_padded.npy", "digits_mlp.csv"],
    )  # fmt: skip
    def test_fixtures(self, name):
        plan = make_plan({"function": FUNCTIONS, "format": FORMATS[:3]}, sample=40)
        made = make_report([audit(softaudit.read(FIXTURES / name), plan)])
        assert plain(back(made)) == plain(made)

    @pytest.mark.exhaustive
    @pytest.mark.parametrize("path", sorted(FIXTURES.glob("[adv]*")), ids=lambda path: path.name)
    def test_all_fixtures_in_all_formats(self, path):
        plan = make_plan({"function": FUNCTIONS, "format": FORMATS}, worst=9)
        made = make_report([audit(softaudit.read(path), plan)])
        assert plain(back(made)) == plain(made)

    @pytest.mark.parametrize(
        "logits",
        [[40.0, 0.0], [0.0], [-inf, -inf], [nan, 1.0], [0.0, inf], [1e308, -1e308], [0.0, -1e300]],
    )
    @pytest.mark.parametrize("worst", [0, 1, 9])
    def test_special_cells(self, logits, worst):
        made = make_report([softaudit.audit(logits, function=FUNCTIONS, worst=worst)])
        assert plain(back(made)) == plain(made)

    def test_what_identifies_an_audit(self):
        rows = np.arange(24.0).reshape(2, 3, 4)
        axis = audit(from_array(rows, "b", axis=1), make_plan({"format": ["float16"]}, row=(1, 2)))
        partial = replace(axis, partial=1, sampled=2)
        keyed = replace(axis, source=replace(axis.source, name="m.npz", key="k"))
        judged = Report({"softaudit": "1", "numpy": "2"}, {"processor_features": []},
                        (axis, partial, keyed))  # fmt: skip
        found = back(judged)
        assert plain(found) == plain(judged)
        assert [a.row for a in found.audits] == [(1, 2)] * 3
        assert [(a.partial, a.sampled) for a in found.audits] == [
            (None, None),
            (1, 2),
            (None, None),
        ]
        assert found.audits[2].source.input == "m.npz:k"
        assert found.audits[0].source.axis == 1

    def test_undecided_values_stay_undecided(self):
        made = small().audits[0]
        tiers = {"double_word": 5, "enclosed_sum": 4, "mpmath": 3, "undecided": 2}
        opened = replace(made, reference=ReferenceUse("certified", tiers, 1e-9))
        found = back(make_report([opened])).audits[0].reference
        assert (found.undecided, found.settled_by_mpmath, found.ulp_radius) == (2, 7, 1e-9)

    @pytest.mark.parametrize(
        ("word", "command"),
        [("a.npy", "a.npy"), ("d/my logits.csv", "'d/my logits.csv'"), ("[40, 0]", "'[40, 0]'"),
         ("<stdin>", ""), ("array", ""), ("[" + "1, " * 12 + "…", "")],
    )  # fmt: skip
    def test_the_words_that_name_a_source(self, word, command):
        document = small_document()
        document["audits"][0]["source"]["name"] = word
        for cell in document["audits"][0]["cells"]:
            cell["input"] = word
        assert from_json(document).audits[0].source.command == command

    def test_element_views_are_left_out(self):
        plan = make_plan({"format": ["float16"]}, elements=True)
        made = make_report([audit(softaudit.read("[12, 1]"), plan)])
        assert plain(made)["audits"][0].pop("tables")
        assert back(made).audits[0].tables == ()


@cache
def of_five_causes() -> Report:
    """More than five causes in all, and at most five in a cell."""
    source = softaudit.read(FIXTURES / "attention.npy")
    source = replace(source, name="fixtures/attention.npy", command="fixtures/attention.npy")
    plan = make_plan({"format": ["float16", "bfloat16", "float32"]}, sample=300)
    made = make_report([audit(source, plan)])
    causes = {worst.cause for cell in made.audits[0].cells for worst in cell.worst}
    assert max(len(cell.worst) for cell in made.audits[0].cells) <= 5 < len(causes)
    return made


@pytest.mark.parametrize(("name", "width"), [("table", 80), *((name, 140) for name in RENDERERS)])
def test_renderers_give_the_same_of_a_report_read_back(name, width):
    """Of cells with at most five causes: of more, the contract has no worst element."""
    made, screen = of_five_causes(), Screen(width)
    assert rendered(name, back(made), screen) == rendered(name, made, screen)


def places(part, path=()):
    """Give the path to everything in a document."""
    if path:
        yield path
    if isinstance(part, dict):
        for name in part:
            yield from places(part[name], (*path, name))
    elif isinstance(part, list):
        for i in range(min(len(part), 2)):
            yield from places(part[i], (*path, i))


def at(document, path):
    for step in path:
        document = document[step]
    return document


def dotted(path) -> str:
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path).lstrip(".")


JOINED = ("logits_format", "implementations", "trusted")
"""Keys of an audit that are null in what an older softaudit saved."""
FREE = ("tool", "environment")
"""Objects with keys of anybody's choice, of which few are needed."""
NEEDED = (("tool", "softaudit"), ("tool", "numpy"), ("environment", "processor_features"))


def refused(document) -> str:
    """Read a document, and give the error, or "" where it was read."""
    try:
        from_json(document, "r.json")
    except InputError as error:
        return str(error)
    return ""


def damaged(document, path, value) -> str:
    """Give what a document says with another value in one place; afterwards it is what it was."""
    holder, last = at(document, path[:-1]), path[-1]
    before = holder[last]
    holder[last] = value
    said = refused(document)
    holder[last] = before
    return said


def test_a_key_that_is_missing_is_named():
    """But of what needs not be there; counts that vanish disagree with what is counted of them."""
    kept = set()
    for path in places(small_document()):
        if isinstance(path[-1], int):
            continue
        document = small_document()
        del at(document, path[:-1])[path[-1]]
        said = refused(document)
        if not said:
            kept.add(path)
            continue
        assert said.startswith("r.json: ")
        assert path[-1] in said
        assert dotted(path[:-1]) in said or path == ("schema",)
    in_cells = {path for path in kept if path[2:3] == ("cells",)}
    at_top = {path for path in kept - in_cells if path[0] not in FREE}
    assert at_top == {("judgement",), *(("audits", 0, n) for n in JOINED)}
    assert not {path for path in kept if path in NEEDED}
    assert {path[4:] for path in in_cells if path[4] == "events"} <= {
        ("events", "not_finite"), ("events", "not_infinite"), ("events", "rows.masked_by_cast"),
    }  # fmt: skip
    assert {path[4] for path in in_cells} <= {"events", "causes", "breaks", "against", "ratio"}


WRONG = {
    dict: (True, 1, "text", []),
    list: (True, 1, "text", {}),
    str: (True, 1, 1.5, [], {}, None),
    bool: (),
    int: (True, "text", [], {}, {"a": 1}, [[1]], "0", "Infinity", 10**30),
    float: (True, "text", [], {}, "0", 10**400),
    type(None): (True, False),
}


def test_a_value_of_another_type_is_named():
    document = small_document()
    for path in places(document):
        value = at(document, path)
        if path[0] == "judgement":
            continue
        is_number = value in ("nan", "inf", "-inf")
        for other in WRONG[float if is_number else type(value)]:
            said = damaged(document, path, other)
            assert said.startswith("r.json: "), (path, other)
            assert dotted(path) in said, (path, other)
    assert refused(document) == ""


@pytest.mark.parametrize("seed", range(60))
def test_several_damages_at_once(seed):
    """Random values in random places: an error, or a report that every output renders."""
    rng = random.Random(seed)
    document = small_document()
    values = [0, 1, 2, 7, 0.5, 1e-300, 1e308, 2**62, "0.5", "-1e-9", "1e400", "inf", "softmax",
              None, [], [0], [0, 1], {}]  # fmt: skip
    for _ in range(rng.choice([1, 2, 5])):
        path = rng.choice(list(places(document)))
        at(document, path[:-1])[path[-1]] = rng.choice(values)
    if refused(document):
        return
    found = from_json(document)
    for name in RENDERERS:
        assert isinstance(rendered(name, found, Screen(140)), str)


@pytest.mark.exhaustive
def test_many_damages():
    for seed in range(60, 6000):
        test_several_damages_at_once(seed)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("null", 'it has no "schema"'),
        ("[]", 'it has no "schema"'),
        ("3", 'it has no "schema"'),
        ('{"softaudit_baseline": 1}', 'it has no "schema"'),
        ('{"schema": 2}', "has schema 2, this softaudit reads 1: a newer softaudit wrote it"),
        ('{"schema": 0}', "has schema 0"),
        ('{"schema": true}', "schema is true, wanted an integer"),
        ('{"schema": "1"}', 'schema is "1", wanted an integer'),
        ('{"schema": 1}', "the document lacks 'environment'"),
        ('{"schema": NaN}', "NaN is no number of JSON"),
        ('{"schema": Infinity}', "Infinity is no number of JSON"),
        ('{"schema": 1, "schema": 1}', "the key 'schema' is there twice"),
        ('{"schema": 1, "audits": [{"a": 1, "a": 2}]}', "the key 'a' is there twice"),
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ('{"schema": ' + "9" * 5000 + "}", "is not JSON"),
        ("\x00", "is not JSON"),
    ],
)
def test_what_is_no_result(text, says):
    with pytest.raises(InputError) as caught:
        read_report(text, "r.json")
    assert str(caught.value).startswith("r.json: ")
    assert says in str(caught.value)


@pytest.mark.parametrize("depth", [10, 100, 300, 500, 700, 900])
def test_deep_values_in_every_kind_of_place(depth):
    deep = json.loads("[" * depth + "]" * depth)
    for path in [("skipped",), ("tool", "numpy"), ("audits", 0, "cells", 0, "elements"),
                 ("audits", 0, "cells", 0, "worst", 0, "exact")]:  # fmt: skip
        document = small_document()
        at(document, path[:-1])[path[-1]] = deep
        with pytest.raises(InputError, match=r"^r\.json: "):
            from_json(document, "r.json")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("cells.0.name", "softmax/float16/stable", "wanted softmax/float16/naive, by its parts"),
        ("cells.0.order", "seqential", "did you mean sequential?"),
        ("cells.0.input", "b.npy", "by what stands elsewhere"),
        ("cells.0.overflow.nan", 7, "overflow.nan counts"),
        ("cells.0.overflow.forced", 1, "overflow.forced is not there"),
        ("cells.0.causes.absorbtion", {"count": 1, "rows": 1, "first": [0]}, "'absorbtion'"),
        ("cells.0.breaks.naan", {"count": 1, "rows": 1, "first": [0]}, "which nothing is called"),
        (
            "cells.0.events.overflow.naan",
            {"count": 1, "rows": 1, "first": [0]},
            "nothing is called",
        ),
        ("cells.0.worst.0.cause", "absorbtion", "wanted one of"),
        ("cells.0.worst.0.exact", "1e", "a decimal number"),
        ("cells.0.worst.0.ulp", "nan", "0 or more"),
        ("cells.0.ulp.max", "-inf", "0 or more"),
        ("cells.0.histogram.bins_per_octave", 64, "wanted 128"),
        ("cells.0.histogram.zero", -1, "a count"),
        ("temperature", 0, "a positive finite number"),
        ("temperature", "inf", "a positive finite number"),
        ("temperature", "nan", "a positive finite number"),
        ("reference.undecided", 1, "by what stands elsewhere"),
        ("reference.settled_by_mpmath", 1000, "by what stands elsewhere"),
        ("range", [1], "two numbers"),
        ("source.shape", [-1, 2], "a count"),
    ],
)
def test_what_disagrees_with_itself(path, value, says):
    document = small_document()
    steps = [int(s) if s.isdigit() else s for s in path.split(".")]
    if "events" in steps:
        steps = [*steps[: steps.index("events") + 1], ".".join(steps[steps.index("events") + 1 :])]
    at(document["audits"][0], steps[:-1])[steps[-1]] = value
    assert says in refused(document)


def test_a_cell_twice():
    document = small_document()
    cells = document["audits"][0]["cells"]
    cells.append(cells[0])
    assert "audits[0].cells has softmax/float16/naive twice" in refused(document)


def test_names_with_control_characters_reach_no_terminal():
    document = small_document()
    document["skipped"][0]["reason"] = "\x1b[31mred\ud800\n"
    found = from_json(document)
    assert found.skipped[0].reason == "\\x1b[31mred\\ud800\\n"
    assert "\x1b" not in rendered("table", found, Screen())


@pytest.mark.parametrize(
    ("group", "name", "value", "says"),
    [
        ("ulp", "max", 1.0, "ulp: max is 1.0, by other figures of the cell inf"),
        ("ulp", "p99", 0.5, "ulp: p99 is 0.5"),
        ("ulp", "mean_over", 7, "ulp: mean_over is 7"),
        (
            None,
            "correctly_rounded",
            10**9,
            "correctly_rounded: 1000000000, by the histogram 3 to 3",
        ),
    ],
)
def test_errors_that_other_figures_deny(group, name, value, says):
    """naive overflows in float16: its largest error is infinite, whatever a file says of it."""
    found = softaudit.audit([[12.0, 1.0, 0.5], [0.0, 0.0, 0.0]], function=["softmax"],
                            format=["float16"], algorithm=["naive"])  # fmt: skip
    document = plain(make_report([found]))
    cell = document["audits"][0]["cells"][0]
    assert cell["ulp"]["max"] == "inf"
    (cell if group is None else cell[group])[name] = value
    with pytest.raises(InputError) as caught:
        from_json(document)
    assert says in str(caught.value)


@cache
def over_inputs() -> Report:
    """Three inputs with maps, one of them without an answer, and what they say together."""
    names = "a.npy", "b.npy", "c.npy"
    rows = [[[12.0, 1.0], [0.5, 0.0]]], [[[0.0, -3.0]], [[1.0, -inf]]], [[[nan, 1.0]]]
    made = [softaudit.audit(x, function=FUNCTIONS, format=["float16"], worst=1) for x in rows]
    named = [replace(a, source=replace(a.source, name=n)) for a, n in zip(made, names, strict=True)]
    return replace(make_report(named), summary=summarize(named))


def test_a_summary_is_made_again():
    document = plain(over_inputs())
    assert len(document["summary"]) == 7
    assert plain(from_json(document)) == document
    assert from_json({**document, "summary": None}).summary is None


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((0, "ulp", "max"), 1.0),
        ((0, "states", "holds", "first"), "c.npy"),
        ((0, "gaps", "counts", 0), 7),
        ((1, "worst", 0, "input"), "b.npy"),
        ((1, "inputs"), 4),
        ((), []),
    ],
)
def test_a_summary_that_the_audits_deny(place, value):
    document = plain(over_inputs())
    *path, last = ("summary", *place)
    at(document, tuple(path))[last] = value
    with pytest.raises(InputError, match=r"^r\.json: summary does not agree with the audits$"):
        from_json(document, "r.json")


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (("gaps",), None, ".gaps: is null, or should be"),
        (("gaps", "gap_bins_per_octave"), 8, ".gaps.gap_bins_per_octave is 8, wanted 4"),
        (("gaps", "gap", 1), 50, ".gaps.gap[1] is 50, wanted the number of a bin"),
        (("gaps", "ulp", 1), -21, ".gaps.ulp[1] is -21, wanted the number of a bin"),
        (("gaps", "ulp", 0), 8, ".gaps: has other errors than the histogram"),
        (("gaps", "counts", 1), 0, ".gaps.counts[1] is 0, wanted a count above 0"),
        (("gaps", "counts", 1), True, ".gaps.counts[1] is true, wanted an integer"),
        (("gaps", "counts", 1), 2, ".gaps: has other errors than the histogram"),
        (("gaps", "counts"), [4], ".gaps is an object, wanted as many bins as counts"),
        (("histogram", "counts", 0), -1, ".histogram.counts[0] is -1, wanted a count"),
        (("histogram", "bins", 0), 1.5, ".histogram.bins[0] is 1.5, wanted an integer"),
        (("by_axis",), None, ".by_axis is null, wanted of shape [2], by the logits' shape"),
        (("by_axis", "shape"), [1], ".by_axis: has 2 errors for 1 slices"),
        (("by_axis", "ulp_max", 0), 100.0, ".by_axis: ulp_max is at most 100.0, the cell's"),
        (("by_axis", "ulp_max", 0), -1.0, ".by_axis.ulp_max[0] is -1.0, wanted a number that"),
        (("by_axis", "ulp_max"), [None, None], ".by_axis: ulp_max is at most None"),
    ],
)
def test_errors_by_gap_and_axis_that_other_figures_deny(place, value, says):
    document = plain(over_inputs())
    *path, last = ("audits", 1, "cells", 1, *place)
    at(document, tuple(path))[last] = value
    with pytest.raises(InputError) as caught:
        from_json(document)
    assert f"audits[1].cells[1]{says}" in str(caught.value)


@cache
def of_digits() -> Report:
    source = softaudit.read(str(FIXTURES / "digits_mlp.npy"))
    return make_report([softaudit.audit(source, function=["softmax"], format=["bfloat16"],
                                        algorithm=["stable"], worst=0)])  # fmt: skip


def altered(place: tuple, value) -> dict:
    document = plain(of_digits())
    *path, last = ("audits", 0, *place)
    part = document
    for key in path:
        part = part[key]
    part[last] = value(part[last]) if callable(value) else value
    return document


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (("cells", 0, "correctly_rounded"), lambda n: n + 2000, "by the histogram"),
        (("cells", 0, "correctly_rounded"), 0, "by the histogram"),
        (("cells", 0, "ulp", "max"), lambda v: v * 0.9, "ulp: "),
        (("cells", 0, "ulp", "mean"), 0.0, "ulp: mean is 0.0, by the histogram at least"),
        (("cells", 0, "ulp", "mean"), None, "ulp: mean or max is null"),
        (("cells", 0, "bound", "rows"), lambda n: n + 1, "rows is 541, wanted at most 540 rows"),
        (("cells", 0, "bound", "error"), lambda v: v / 2, "bound: error is"),
        (("cells", 0, "bound", "ratio"), lambda v: v * 1.01, "bound: error is"),
        (("cells", 0, "condition", "max"), 0.0, "condition: p50 is above max"),
        (("cells", 0, "elements"), lambda n: 3 * n, "by what stands elsewhere"),
        (("cells", 0, "rows", "audited"), lambda n: n + 1, "rows in all"),
        (("cells", 0, "rows", "audited"), 1, "quality: argmax_kept is 540 of 1 rows"),
        (("cells", 0, "origin", "cast", "max"), 0.25, "origin: cast is"),
        (("cells", 0, "origin", "floor", "max"), 0.75, "origin: floor.max is 0.75, above 0.5"),
        (("cells", 0, "origin", "floor", "mean"), 0.51, "origin: floor.mean is above its max"),
        (("cells", 0, "origin", "floor", "max"), None, "origin: floor.max is null"),
        (("cells", 0, "origin", "excess", "max"), lambda v: v / 2, "by the largest error"),
        (("cells", 0, "quality"), None, "quality: is null, or should be"),
        (("cells", 0, "quality", "top_k"), 6, "wanted 5"),
        (("cells", 0, "quality", "top_k_kept"), 541, "quality: top_k_kept is"),
        (("cells", 0, "quality", "kl", "mean"), 1.0, "quality: kl.mean is above its max"),
        (("cells", 0, "quality", "kl", "max"), None, "quality: kl.max is null"),
        (("cells", 0, "quality", "choice_refused"), None, "quality: choice_refused is null"),
        (("source", "rows"), 7, "by what stands elsewhere"),
        (("sampled",), 7, "rows is an object, wanted 7 rows in all"),
        (("partial",), 7, "rows is an object, wanted 7 rows in all"),
    ],
)
def test_figures_that_the_histogram_or_the_shape_deny(place, value, says):
    assert from_json(altered(("sampled",), None)).audits
    with pytest.raises(InputError) as caught:
        from_json(altered(place, value))
    assert says in str(caught.value)


HARD_TO_READ = [
    ([[10.0, 2.6, inf], [1.0, 2.0, 500.0]], {"format": ["float8_e4m3fn"], "saturate": True}),
    ([[-95.0, -1.5038557256733642]], {"function": ["logsumexp"], "temperature": 0.7}),
    ([[-96.5, 3.2124073201134893]], {"function": ["logsumexp"], "temperature": 0.7}),
    ([[-6.503572660716807, 5e-324]], {"function": ["logsumexp"], "temperature": 0.001}),
    ([[5.0, 744.0, -746.0, -inf]], {"format": ["bfloat16"], "subnormals": ["flush"]}),
]


@pytest.mark.parametrize(("logits", "options"), HARD_TO_READ)
def test_figures_at_the_edge_of_what_is_known_do_not_deny_each_other(logits, options):
    """Worst elements are known to 2^-32, and products of subnormal numbers to nothing."""
    written = softaudit.render(softaudit.audit(logits, algorithm="all", **options), "json")
    read = softaudit.render(read_report(written, "x"), "json")
    assert json.loads(read)["audits"][0]["cells"] == json.loads(written)["audits"][0]["cells"]
