"""Workflow commands as the runner reads them, and a summary that fits."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from softaudit.render import github
from softaudit.render.screen import Screen

from .judged import (
    ATTENTION,
    HEADS,
    HOSTILE,
    REPORTS,
    checked,
    golden,
    hostile,
    judged,
    passed,
    rendered,
    report,
)

PARSER = MarkdownIt("commonmark").enable("table")


def unescape(text: str, *more: tuple[str, str]) -> str:
    """Undo the runner's mappings, the percent sign last (its ActionCommand does it so)."""
    for escaped, sign in (("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%")):
        text = text.replace(escaped, sign)
    return text


def commands(given, screen=None) -> list[tuple[str, dict[str, str], str]]:
    """Read commands as the runner does: properties up to the next ::, apart at commas."""
    found = []
    for line in rendered("github", given, screen).split("\n")[:-1]:
        name, properties, data = re.fullmatch(r"::(\w+)(?: (.*?))?::(.*)", line, re.S).groups()
        pairs = [part.partition("=") for part in (properties or "").split(",") if part]
        signs = ((":", "%3A"), (",", "%2C"))
        given = {k: unescape(v, *((b, a) for a, b in signs)) for k, _, v in pairs}
        found.append((name, given, unescape(data)))
    return found


def test_failures_worst_first():
    found = commands(judged())
    failures = judged().judgement.failures
    assert [name for name, _, _ in found] == ["error"] * 3 + ["warning"] * 2 + ["notice"]
    for (_, where, data), verdict in zip(found, failures, strict=False):
        assert where["title"].startswith(f"{verdict.cell}: {verdict.metric} <= ")
        assert where["file"] == (ATTENTION if verdict.input == ATTENTION else HEADS)
        sentence, worst, command = data.split("\n")
        assert sentence == verdict.text.replace("\ue000", " ")
        assert worst.startswith(f"worst: {verdict.worst.cause} (")
        assert command == verdict.command
    assert found[-1][2] == judged().judgement.notes[0]


def test_a_check_says_what_breaks_before_what_loses():
    *found, interrupted = commands(checked())
    assert interrupted == (
        "error", {"title": "dumps/late.npy: not audited in full"}, "skipped: interrupted"
    )  # fmt: skip
    kinds = [where["title"].rpartition(": ")[2] for _, where, _ in found[:-1]]
    assert kinds == sorted(kinds)
    assert {(kind, name) for kind, (name, _, _) in zip(kinds, found, strict=False)} == {
        ("breaks", "warning"),
        ("loses", "notice"),
    }
    literal = [where for _, where, _ in found if where.get("title", "").startswith("[[40, 0]")]
    assert literal
    assert "file" not in literal[0]


def test_ten_lines_and_a_count():
    judgement = judged().judgement
    many = replace(judgement, failures=judgement.failures[:1] * 25, notes=())
    found = commands(replace(judged(), judgement=many))
    assert len(found) == 11
    assert found[-1] == ("notice", {}, "+15 more failures")
    ten = replace(judgement, failures=judgement.failures[:1] * 10, notes=())
    assert len(commands(replace(judged(), judgement=ten))) == 10


def test_nothing_fails_and_nothing_is_said():
    assert rendered("github", passed()) == ""
    assert rendered("github", report()) == ""


def test_hostile_names_arrive_whole():
    for name, where, data in commands(hostile())[:2]:
        assert name in ("error", "warning")
        assert where["file"] == HOSTILE
        assert set(where) == {"title", "file"}
        assert data.startswith("bad: =we|rd")


def test_a_command_cannot_be_forged():
    text = github.command("error", "100%\r\n::set-output name=a::b", file="a,b:c%\n::stop::")
    assert text == (
        "::error file=a%2Cb%3Ac%25%0A%3A%3Astop%3A%3A::100%25%0D%0A::set-output name=a::b"
    )


@pytest.mark.parametrize(
    ("folder", "name", "file"),
    [
        ("", "./a.npy", "a.npy"),
        ("sub", "a.npy", "sub/a.npy"),
        ("sub/deep", "../x/a.npy", "sub/x/a.npy"),
        (".", "a.npy", "a.npy"),
        ("sub", "/dumps/a.npy", None),  # whose name in a report has lost its folders
    ],
)
def test_files_are_seen_from_the_root_of_the_repository(folder, name, file):
    audit, *_ = checked().audits
    audit = replace(audit, source=replace(audit.source, name=name, command=name))
    found = commands(report(audit), Screen(folder=folder))
    assert found
    assert {where.get("file") for _, where, _ in found} == {file}


@pytest.mark.parametrize("start", ["", " ", "\n", "\r", "\r\n\t", "\u2028", "\x85 "])
def test_no_name_begins_a_line(start):
    """The runner drops leading blanks, and obeys `::stop-commands::` wherever it came from."""
    forged = f"{start}::stop-commands::x"
    given = hostile()
    audit = given.audits[0]
    audit = replace(audit, source=replace(audit.source, name=forged, key=forged))
    names = {"cell": forged, "text": forged, "command": forged, "input": audit.source.input}
    failures = tuple(replace(verdict, **names) for verdict in given.judgement.failures)
    judgement = replace(given.judgement, failures=failures, notes=(forged,))
    for ruled in (judgement, None):
        text = rendered("github", replace(given, audits=(audit,), judgement=ruled))
        lines = re.split("[\r\n]", text)
        assert lines.pop() == ""
        assert lines
        for line in lines:
            assert re.match("::(error|warning|notice) title=", line)


def test_a_summary_that_fits_is_the_markdown():
    assert github.summary(judged()) == rendered("markdown", judged())


@pytest.mark.parametrize("name", ["judged", "hostile"])
def test_a_summary_is_cut_between_blocks(name):
    whole = rendered("markdown", REPORTS[name]())
    size = len(whole.encode())
    for most in [*range(300, size, 331), size]:
        text = github.summary(REPORTS[name](), most=most)
        assert len(text.encode()) < most
        kept, closing = re.fullmatch(r"(.*\n)\n(\d[^\n]*)\n", text, re.S).groups()
        assert whole.startswith(kept)
        lines, left = map(int, re.match(r"(\d+) more lines \((\d+) bytes\)", closing).groups())
        assert lines == whole.count("\n") - kept.count("\n")
        assert left == size - len(kept.encode())
        tokens = PARSER.parse(text)
        assert [tokens[-2].content, tokens[-1].type] == [closing, "paragraph_close"]
        for fence in (token for token in tokens if token.type == "fence"):
            assert fence.content.count("\n") == 1


def test_a_summary_stays_below_a_mebibyte():
    judgement = judged().judgement
    many = replace(judgement, failures=judgement.failures[:1] * 4000)
    report = replace(judged(), judgement=many)
    assert len(rendered("markdown", report).encode()) > 1_048_576
    assert 1_040_000 < len(github.summary(report).encode()) < 1_048_576


@pytest.mark.parametrize("name", ["judged", "checked"])
def test_golden(name):
    golden(f"{name}.github.txt", rendered("github", REPORTS[name]()))
