"""JUnit: valid by the schema of Jenkins, and what another library reads is what was judged."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
from junitparser import Error, JUnitXml, Skipped
from xmlschema import XMLSchema

from .judged import (
    ATTENTION,
    HOSTILE,
    REPORTS,
    audits,
    changes,
    checked,
    golden,
    hostile,
    interrupted,
    judged,
    rendered,
    report,
    rulings,
)


@cache
def schema() -> XMLSchema:
    return XMLSchema(str(Path(__file__).parents[1] / "schemas" / "junit-10.xsd"))


def text_of(given) -> str:
    return rendered("junit", given)


def read(given) -> JUnitXml:
    return JUnitXml.fromstring(text_of(given).encode())


@pytest.mark.parametrize("name", REPORTS)
def test_valid_by_the_schema(name):
    schema().validate(text_of(REPORTS[name]()))


def test_an_empty_report_is_valid():
    schema().validate(text_of(report()))


def test_a_check_judges_nothing():
    suites = {suite.name: suite for suite in read(checked())}
    assert list(suites) == [
        ATTENTION, "dumps/heads.npz:head 0", "[[40, 0], [1, nan]]", "dumps/late.npy",
    ]  # fmt: skip
    cases = list(suites[ATTENTION])
    assert [case.name for case in cases] == [cell.key.name for cell in audits()[0].cells]
    assert {case.classname for case in cases} == {ATTENTION}
    assert not any(case.result for case in cases)
    assert cases[0].system_out.startswith("breaks: float16 naive: exp overflows above 11.09: 218")
    assert read(checked()).failures == 0


def results_of(given, kind: type) -> dict[str, str]:
    """Give the messages of results of one kind, by the name of their case."""
    return {
        case.name: result.message
        for suite in read(given)
        for case in suite
        for result in case.result
        if isinstance(result, kind)
    }


def test_what_was_skipped_says_why():
    skipped = results_of(checked(), Skipped)
    assert list(skipped) == ["softmax/float16:bfloat16/naive", "softmax/float16:bfloat16/stable"]
    assert all("does not hold every float16" in reason for reason in skipped.values())


def test_an_interrupted_run_is_in_error():
    """Half of a run, all green, would be taken for all of it."""
    schema().validate(text_of(interrupted()))
    assert results_of(interrupted(), Error) == {
        ATTENTION: "partial: interrupted after 31 rows",
        "dumps/late.npy": "skipped: interrupted",
    }
    found = read(interrupted())
    assert (found.errors, found.failures) == (2, 0)
    assert [suite.errors for suite in found] == [1, 1]
    assert not results_of(judged(), Error)


def test_counts_are_those_of_the_cases():
    root = ElementTree.fromstring(text_of(checked()))
    for suite in root:
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))
    assert int(root.get("tests")) == sum(len(suite) for suite in root)


def test_every_verdict_is_a_case():
    found = read(judged())
    cases = [case for suite in found for case in suite]
    required = [verdict for ruling in rulings() for verdict in ruling.verdicts]
    assert len(cases) == len(required) + len(changes()) == found.tests
    failed = {case.name: case.result[0] for case in cases if case.result}
    assert {name: result.type for name, result in failed.items()} == {
        "log_softmax/float16/stable: ulp.max <= 100": "requirement",
        "log_softmax/bfloat16/stable: ulp.max <= 100": "requirement",
        "softmax/bfloat16/stable: ulp.max <= 12.5 (baseline)": "baseline",
    }
    assert found.failures == 3
    first = failed["log_softmax/float16/stable: ulp.max <= 100"]
    assert first.message == "ulp.max is 2037, at most 100 is allowed"
    assert first.text.split("\n")[1:] == [
        "worst: absorption (0, 2, 5, 4): 0, exact −0.0004856, 2037 ULP",
        "softaudit check dumps/attention.npy --row 0,2,5 --function log_softmax --format float16",
    ]


def test_warnings_pass_and_are_told():
    (warned, *_) = (
        case for suite in read(judged()) for case in suite if "overflow.result <= 0" in case.name
        and "naive" in case.name
    )  # fmt: skip
    assert not warned.result
    assert warned.system_out.startswith("warning: overflow.result is 218, at most 0 is allowed\n")


def test_no_times_and_no_host():
    assert not re.search(r"time|hostname", text_of(judged()))


def test_characters_that_xml_lacks():
    names = "".join(map(chr, (*range(32), 0x7F, 0xFFFE, 0xFFFF, 0xD800, 0x1F600, 0x10FFFF)))
    judgement = hostile().judgement
    failed = replace(judgement.failures[0], text=names, cell=names, input=names, command=names)
    judgement = replace(judgement, rulings=(), changes=(failed,), failures=(failed,))
    text = text_of(report(judgement=judgement))
    schema().validate(text)
    (suite,) = ElementTree.fromstring(text.encode())
    assert "\\x00\\x01" in suite.get("name")
    assert "😀" in suite.get("name")


def test_hostile_names_are_whole():
    (case, *_) = (case for suite in read(hostile()) for case in suite if case.result)
    assert case.name.startswith('=we|rd "dümp" <b>&amp; 100%:`a`,\\|_x_ [l](u) @you {0}\\n\\r\\t')
    assert len(list(read(hostile()))) == 2
    assert HOSTILE.splitlines()[0] in case.classname


@pytest.mark.parametrize("name", ["judged", "checked"])
def test_golden(name):
    golden(f"{name}.junit.xml", text_of(REPORTS[name]()))
