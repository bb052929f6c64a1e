"""The report as JUnit's XML, which most CI servers show as tests.

A gate's verdicts are test cases, and those that fail as errors are failures; without a judgement
every cell is a case that passes, since nothing was required of it.  An input of which the run was
interrupted is a case with an error: nobody is to take what is missing for what is well.  One that
could not be read is a case that was skipped.  A case is in the suite of its input.  There are no
times, time stamps or host names: no schema that is in use demands them.

Elements say how many cases are in them before the cases come, so that all are made first.

References
----------
.. [1] junit-10.xsd of Jenkins' xUnit plugin, https://github.com/jenkinsci/xunit-plugin
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from softaudit.findings import findings
from softaudit.render.facts import line, missing_of, missing_sources
from softaudit.render.verdicts import details, rule, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.model import Audit
    from softaudit.render.facts import Missing
    from softaudit.render.screen import Screen
    from softaudit.report import Judgement, Report


def render(report: Report, screen: Screen | None = None) -> Iterator[str]:  # noqa: ARG001
    """Render a report as one XML document, the same bytes for the same report.

    Notes
    -----
    Control characters, which XML 1.0 does not have, are escaped as in Python.
    """
    root = Element("testsuites", name="softaudit")
    suites: dict[str, Element] = {}
    left_out: list[Missing] = []
    for audit in report.audits:
        suite = _suite(root, suites, audit.source.input)
        if report.judgement is None:
            _add_cells(suite, audit)
        for skipped in audit.skipped:
            SubElement(add_case(suite, skipped.cell), "skipped", message=line(skipped.reason))
        left_out += missing_of(audit)
    for missing in (*left_out, *missing_sources(report)):
        case = add_case(_suite(root, suites, missing.input), missing.input)
        result = "error" if missing.interrupted else "skipped"
        SubElement(case, result, message=line(missing.text))
    if report.judgement is not None:
        _add_verdicts(root, suites, report.judgement)
    for element in (*suites.values(), root):
        set_counts(element)
    yield as_document(root)


def as_document(root: Element) -> str:
    """Give an element as a document."""
    indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f"{head}\n{tostring(root, encoding='unicode')}\n"


def _suite(root: Element, suites: dict[str, Element], name: str) -> Element:
    if name not in suites:
        suites[name] = SubElement(root, "testsuite", name=line(name))
    return suites[name]


def add_case(suite: Element, name: str) -> Element:
    """Add a case to a suite."""
    return SubElement(suite, "testcase", classname=suite.attrib["name"], name=line(name))


def add_output(to: Element, lines: tuple[str, ...]) -> None:
    """Let a case say lines, if there are any."""
    if lines:
        SubElement(to, "system-out").text = "\n".join(lines)


def _add_cells(suite: Element, audit: Audit) -> None:
    found = findings(audit)
    for cell in audit.cells:
        case = add_case(suite, cell.key.name)
        about = (f for f in found if cell.key.name in f.cells)
        add_output(case, tuple(line(f"{f.kind}: {f.text}") for f in about))


def _add_verdicts(root: Element, suites: dict[str, Element], judgement: Judgement) -> None:
    required = (verdict for ruling in judgement.rulings for verdict in ruling.verdicts)
    for verdict in (*required, *judgement.changes):
        case = add_case(_suite(root, suites, verdict.input), title(verdict))
        if not verdict.passed and verdict.level == "error":
            failure = SubElement(case, "failure", message=line(verdict.text), type=rule(verdict))
            failure.text = "\n".join(details(verdict))
        elif not verdict.passed:
            add_output(case, (f"warning: {line(verdict.text)}", *details(verdict)[1:]))
        elif rule(verdict) == "baseline":
            add_output(case, (f"{verdict.standing}: {line(verdict.text)}",))


def set_counts(element: Element) -> None:
    """Say how many cases are in a suite, or in all, and what became of them."""
    for name, found in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        element.set(name, str(len(list(element.iter(found)))))
    if element.tag == "testsuite":
        element.set("skipped", str(len(list(element.iter("skipped")))))
