"""Markdown as another parser reads it: tables, lists, commands, and no name that does harm."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from softaudit.findings import findings
from softaudit.render import gfm
from softaudit.render.columns import COLUMNS
from softaudit.render.facts import line, worst_elements
from softaudit.render.screen import Screen
from softaudit.reproduce import row_command

from .judged import (
    HOSTILE,
    REPORTS,
    audits,
    changes,
    checked,
    golden,
    hostile,
    interrupted,
    judged,
    passed,
    rendered,
    report,
)

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ALLOWED = {"text", "code_inline", "strong_open", "strong_close", "softbreak"}


def tokens_of(report, screen=None):
    return PARSER.parse(rendered("markdown", report, screen))


def words(inline) -> str:
    """Give what a reader sees of inline tokens."""
    kept = ("text", "text_special", "code_inline")
    return "".join(t.content if t.type in kept else " " * (t.type == "softbreak") for t in inline)


def tables(tokens) -> list[list[list[str]]]:
    found: list[list[list[str]]] = []
    for before, token in pairwise(tokens):
        if before.type == "table_open":
            found.append([])
        elif before.type == "tr_open":
            found[-1].append([])
        if token.type == "inline" and before.type in ("th_open", "td_open"):
            found[-1][-1].append(words(token.children))
    return found


def said(tokens) -> list[str]:
    """Give what a reader sees of paragraphs and headings."""
    return [words(token.children) for token in tokens if token.type == "inline"]


@pytest.mark.parametrize("name", REPORTS)
def test_rows_have_as_many_cells_as_their_header(name):
    found = tables(tokens_of(REPORTS[name]()))
    assert found
    for head, *rows in found:
        assert rows
        assert {len(row) for row in rows} == {len(head)}


def test_the_table_has_the_terminal_s_columns_and_words():
    first, *_ = tables(tokens_of(checked()))
    names = ["not-finite", "premature", "forced", "p50", "p99", "max", "correct"]
    assert first[0][3:] == [" ".join(COLUMNS[name].head) for name in names]
    for cell, row in zip(audits()[0].cells, first[1:], strict=True):
        assert row[0] == cell.key.function
        assert row[2] == cell.key.algorithm
        assert row[3:] == [COLUMNS[name].show(cell) for name in names]


def test_asked_columns_and_quiet():
    first, *_ = tables(tokens_of(checked(), Screen(columns=("spread", "max"))))
    assert first[0] == ["function", "format", "algorithm", "log2 ULP   ½        ∞", "ULP max"]
    assert not tables(tokens_of(checked(), Screen(quiet=True)))


def test_every_sentence_is_there():
    text = said(tokens_of(checked()))
    for audit in checked().audits:
        for finding in findings(audit):
            assert f"{finding.kind} {finding.plain}" in text
    assert "dumps/late.npy: interrupted" in text


def test_commands_can_be_copied():
    fences = [t.content.strip() for t in tokens_of(judged()) if t.type == "fence"]
    for verdict in judged().judgement.failures:
        assert verdict.command in fences
    for audit in audits():
        for found in worst_elements(audit):
            assert row_command(audit, *found) in fences


def test_the_judgement_comes_first():
    tokens = tokens_of(judged())
    assert said(tokens)[:2] == [
        "softaudit: fails",
        "3 requirements: 1 fails, 1 warns, 1 holds; 16 cells beside the baseline: "
        "1 worse, 1 new, 1 stale, 1 fixed",
    ]
    requirements, baseline, *_ = tables(tokens)
    assert requirements[2] == [
        "log_softmax/*/stable: ulp.max <= 100 of dumps/attention.npy",
        "2037",
        "log_softmax/float16/stable",
        "100",
        "2040",
        "fails in 2 of 2 cells",
    ]
    assert [row[-1] for row in requirements[1:]] == [
        "holds in 2 cells",
        "fails in 2 of 2 cells",
        "warns in 2 of 2 cells",
    ]
    assert [row[0] for row in baseline[1:]] == ["worse", "new", "stale", "fixed"]
    said_of = {verdict.standing: verdict.text for verdict in changes()}
    assert [row[3] for row in baseline[1:]] == [said_of[row[0]] for row in baseline[1:]]


def test_changes_are_in_one_order():
    judgement = replace(judged().judgement, changes=changes()[::-1])
    _, baseline, *_ = tables(tokens_of(replace(judged(), judgement=judgement)))
    assert [row[0] for row in baseline[1:]] == ["worse", "new", "stale", "fixed"]


def test_failures_stand_with_their_worst_element():
    text = said(tokens_of(judged()))
    for verdict in judged().judgement.failures:
        sentence = verdict.text.replace("\ue000", " ")
        word = {"error": "fails", "warning": "warns"}[verdict.level]
        word = word if verdict.standing == "required" else verdict.standing
        at = text.index(f"{word} {verdict.input} {verdict.cell}: {sentence}")
        assert text[at + 1].startswith(f"worst: {verdict.worst.cause} (")


def test_passed():
    assert said(tokens_of(passed()))[:2] == ["softaudit: passes", "1 requirement: 1 holds"]


def test_an_interrupted_run_says_so_first():
    titles = {
        rendered("markdown", given).split("\n")[0]
        for given in (interrupted(), replace(interrupted(), skipped=()))
    }
    assert titles == {"# softaudit: partial"}
    assert rendered("markdown", report(*audits())).startswith("# softaudit\n")


def test_hostile_names_are_text():
    tokens = tokens_of(hostile())
    inlines = [t for token in tokens if token.type == "inline" for t in token.children]
    kinds = {t.type for t in inlines}
    assert kinds <= ALLOWED | {"html_inline", "text_special"}
    assert {t.content for t in inlines if t.type == "html_inline"} == {"<code>", "</code>"}
    assert not [t for t in tokens if t.type == "html_block"]
    assert f"Skipped {line(HOSTILE)}: {line(HOSTILE)}" in " ".join(said(tokens))
    assert not [token for token in tokens if token.type == "inline" and "@you" in token.content]


ANYTHING = st.text(alphabet=st.one_of(st.sampled_from("\\`*_{}[]()<>#+-.!|~&$@:;/=1a \n\t\"'"),
                                      st.characters()), max_size=40)  # fmt: skip


@given(ANYTHING)
@example("|")
@example("\\|")
@example("a\\\\|b")
@example("``|`")
@example("&amp; &#124;")
@example("<!-- -->")
@example("_a_ __b__ c_d")
@example("12. x")
@example("---")
def test_any_text_survives_a_table(text):
    seen = line(text).strip(" ")
    written = gfm.table(("a", "b"), [(gfm.escape(text), gfm.code(text))])
    ((_, row),) = tables(PARSER.parse(written))
    assert [part.strip(" ") for part in row] == [seen, seen]


SOMETHING = ANYTHING.filter(lambda text: line(text).strip())


@given(SOMETHING)
@example("12. x")
@example("---")
@example("  - a")
@example("> a")
@example("     a")
def test_any_text_survives_a_list(text):
    tokens = PARSER.parse(f"{gfm.item(gfm.escape(text))}\n{gfm.item(gfm.code(text))}")
    assert [t.type for t in tokens].count("list_item_open") == 2
    assert [part.strip(" ") for part in said(tokens)] == [line(text).strip(" ")] * 2


@given(SOMETHING)
def test_any_command_survives_a_fence(text):
    (token,) = PARSER.parse(gfm.fence(text))
    assert token.content == f"{line(text)}\n"


@pytest.mark.parametrize(
    ("name", "file"), [("judged", "judged.md"), ("checked", "checked.md"), ("passed", "passed.md")]
)
def test_golden(name, file):
    golden(file, rendered("markdown", REPORTS[name]()))
