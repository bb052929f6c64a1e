"""What there is to explain: every name has a text, and every text stands once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

import softaudit
from softaudit.algorithms import ALGORITHMS
from softaudit.arithmetic import ORDERS
from softaudit.errors import OptionError
from softaudit.figures import FIGURES
from softaudit.formats import FORMATS
from softaudit.metrics import CAUSES
from softaudit.render.columns import COLUMNS
from softaudit.render.docstring import read
from softaudit.render.explain import explain, names
from softaudit.render.sarif import RULES
from softaudit.render.screen import Screen
from softaudit.render.topics import about, figure_of, topics
from softaudit.schema import _described, figures

TOPICS = list(topics())
FOR_PEOPLE = ("algorithms", "arithmetic", "cli", "json_v1", "render", "cause", "format_notes.py")
SOURCE = " ".join(
    re.sub(r"\s+", " ", re.sub(r"`|\\(?=\")", "", path.read_text(encoding="utf-8")))
    for path in Path(softaudit.__file__).parent.rglob("*")
    if path.suffix in (".py", ".json") and {path.name, path.parent.name} & set(FOR_PEOPLE)
)
PLACE = r"doi:10\.\d{4,}/\S|arXiv:\d{4}\.\d|https://\S|\w/\w+\.(cpp|cu|h|py)"
OF_ALGORITHMS = [t for t in TOPICS if t.kind == "algorithm"]


def by_name(found):
    return [topic.name for topic in found]


@pytest.mark.parametrize(
    "names",
    [ALGORITHMS, FORMATS, ORDERS, CAUSES, RULES, COLUMNS, FIGURES, *ALGORITHMS.values()],
)
def test_every_name_is_explained(names):
    for name in names:
        assert all(topic.text for topic in about(name)), name


@pytest.mark.parametrize("topic", OF_ALGORITHMS, ids=by_name(OF_ALGORITHMS))
def test_every_algorithm_has_its_formula_when_it_fails_its_bound_who_uses_it_and_its_source(topic):
    text = read(topic.text)
    assert re.search(r"exp|log|Σ", text.summary)
    assert [label for label, _ in text.labels] == ["Fails", "Bound", "Used by"]
    assert any(re.search(PLACE, source) for source in text.references)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_when_it_fails_who_uses_it_and_its_source(name):
    text = read(FORMATS[name].note)
    assert [label for label, _ in text.labels] == ["Fails", "Used by"]
    assert any(re.search(PLACE, source) for source in text.references)


def test_a_column_is_told_by_the_figure_that_it_shows():
    for name in COLUMNS:
        assert figure_of(name) in figures(), name
    assert figure_of("p99.9") == "ulp.p999"


def test_groups_that_may_be_null_are_walked():
    parts = {"max": {"description": "The most."}, "at": {"description": "Where."}}
    size = {"description": "A size.", "properties": parts}
    cell = {
        "properties": {"size": {"anyOf": [{"type": "null"}, size], "description": "Null or so."}}
    }
    assert dict(_described(cell)) == {
        "size": "Null or so.",
        "size.max": "The most.",
        "size.at": "Where.",
    }


@pytest.mark.parametrize("name", ["ulp", "quality.kl", "bound", "condition"])
def test_figures_of_the_field_have_formula_limits_and_source(name):
    (group,) = (topic for topic in TOPICS if (topic.kind, topic.name) == ("figure", name))
    text = read(group.text)
    labels = dict(text.labels)
    assert "Fails" in labels
    assert re.search(r"doi:10\.\d+/", labels["Source"])
    assert re.search(r"[|‖Σ]", text.summary + " ".join(text.body))


def test_a_figure_is_told_with_its_group():
    told = explain(about("kl"), Screen())
    assert "The largest divergence of a row" in told
    assert "KL(p ‖ q/Q) = Σ p log(p/q) + log Q" in told
    assert told.count("condition") == 0


def test_texts_stand_once():
    """Words that stand twice come to say two things; short ones may meet by chance."""
    for topic in TOPICS:
        for part in (read(topic.text).summary, *read(topic.text).body):
            assert SOURCE.count(part) == 1 or len(part) < 30, topic.name


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("naive", ["softmax/naive", "log_softmax/naive", "logsumexp/naive"]),
        ("softmax/stable", ["softmax/stable"]),
        ("softmax", ["softmax"]),
        ("zeroed", ["overflow.zeroed"]),
        ("causes.absorption.count", ["causes", "absorption"]),
        ("softmax/float16:float32/stable", ["softmax/stable", "float16", "float32"]),
        (
            "logsumexp/bfloat16:bfloat16:float32:numpy/naive",
            ["logsumexp/naive", "bfloat16", "float32", "numpy"],
        ),
        (
            "softmax/float8_e5m2+flush+saturate/stable:32",
            ["softmax/stable", "float8_e5m2", "subnormals", "saturate", "block_size"],
        ),
    ],
)
def test_what_a_name_stands_for(name, found):
    assert by_name(about(name)) == found


@pytest.mark.parametrize("name", ["", "softmax/float17/stable", "causes.absorbtion", "a/b/c"])
def test_unknown_names(name):
    with pytest.raises(OptionError, match=r"unknown name .*(did you mean|choose from)"):
        about(name)


@pytest.mark.parametrize("width", [40, 80, 140])
def test_texts_fit_the_width_and_say_everything(width):
    for topic in TOPICS:
        lines = explain([topic], Screen(width)).split("\n")
        assert max(map(cell_len, lines)) <= width, topic.name
        told = "".join("".join(lines).split())
        assert "".join(topic.name.split()) in told
        for part in (read(topic.text).summary, *read(topic.text).body):
            assert "".join(part.split()) in told, topic.name


def test_formulas_are_not_broken_beside_an_operator():
    for topic in OF_ALGORITHMS:
        for line in explain([topic], Screen(60)).split("\n"):
            assert not re.search(r"^ *[=+/·×] | [=−+/·×]$", line)


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_list_has_one_line_for_every_name(width):
    lines = names(Screen(width)).split("\n")
    assert max(map(cell_len, lines)) <= width
    listed = [line.split()[0] for line in lines if re.match(r"  \S", line)]
    assert listed == by_name(TOPICS)


def test_a_docstring_taken_apart():
    text = read("""The formula.

    First paragraph,
    of `two` lines.

    Notes
    -----
    Fails: here,
    and there.

    Nowhere else.

    Used by: all.

    References
    ----------
    .. [1] One, in
       two lines, doi:1.
    .. [2] Another, https://two.
    A third, J. of
    Papers, arXiv:3.
    A fourth, J.
    of Papers, doi:4: in its middle.
    """)
    assert text.summary == "The formula."
    assert text.body == ("First paragraph, of two lines.", "Nowhere else.")
    assert text.labels == (("Fails", "here, and there."), ("Used by", "all."))
    assert text.references == (
        "One, in two lines, doi:1.",
        "Another, https://two.",
        "A third, J. of Papers, arXiv:3.",
        "A fourth, J. of Papers, doi:4: in its middle.",
    )
    assert read("One sentence. Two more. Here.").body == ("Two more. Here.",)
    assert read("").summary == ""
