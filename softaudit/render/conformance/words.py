"""What outputs for people say of conformance: values, marks, deviations in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from softaudit.algorithms import ALGORITHM_NAMES
from softaudit.grouping import grouped
from softaudit.studies.conforming import VERDICTS
from softaudit.wording import NO_BREAK, count, minus, plain, short, shorten, telling, ulps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from softaudit.studies.conforming import (
        Conformance,
        Element,
        Question,
        Reply,
        Runs,
        Verdict,
    )

MARKS: dict[Verdict, str] = {
    "correct": "·",
    "close": "≈",
    "off": "×",
    "otherwise": "≠",
    "no answer": "!",
    "not asked": "–",
}
MEANINGS = (
    ("·", "correctly rounded, or the convention"),
    ("≈", "within 4 ULP"),
    ("×", "off"),
    ("≠", "not the convention"),
    ("!", "no answer"),
    ("–", "not asked"),
    ("*", "by convention"),
)
CONVENTION = "*"
"""What stands behind an answer that is none but by convention."""

MOST_VALUES = 4
"""How many values of a row are given one by one."""


def legend(found: Conformance, *, with_words: bool) -> str:
    """Say what marks mean, in which order they stand, and what words beside them are."""
    said = "  ".join(f"{mark}{NO_BREAK}{text.replace(' ', NO_BREAK)}" for mark, text in MEANINGS)
    order = different = ""
    if len(found.formats) > 1:
        order = f"A mark for each of {', '.join(found.formats)}"
        different = f"Where their answers differ, that of {found.formats[-1]}."
    beside = (
        "Beside them, of the worst: what was returned, or its error in ULP." if with_words else ""
    )
    sentences = " ".join(part for part in (order and f"{order}.", beside, different) if part)
    return "\n".join(part for part in (sentences, said) if part)


def number(value: float, digits: int = 4) -> str:
    """Give a value of a row: NaN, ∞ and −∞ by their signs."""
    if not isfinite(value):
        return short(value).replace("inf", "∞").replace("nan", "NaN")
    whole = len(str(int(abs(value)))) if abs(value) < 1e5 else 0  # a whole number stays what it is
    return "0" if value == 0 else minus(shorten(repr(value), max(digits, whole)))


def values_words(values: Runs, digits: int = 4) -> str:
    """Give the values of a row; of a long one, which there are, and how many times."""
    size = sum(times for _, times in values)
    if not size:
        return "empty"
    if len(values) == 1:
        return f"{'all ' if size > 1 else ''}{number(values[0][0], digits)}"
    if size <= MOST_VALUES:
        return ", ".join(number(v, digits) for v, times in values for _ in range(times))
    if len(values) <= MOST_VALUES:
        parts = (number(v, digits) + (f" ({n}×)" if n > 1 else "") for v, n in values)
        return ", ".join(parts)
    finite = [v for v, _ in values if isfinite(v)]
    between = f"{number(min(finite), digits)} … {number(max(finite), digits)}" if finite else ""
    others = "" if len(finite) == len(values) else ", not all finite"
    return f"{size} values, {between}{others}"


def answer_words(questions: Iterable[Question], digits: int = 2) -> str:
    """Give the answer in the last of the formats that hold the row; "–" if none does."""
    held = [question.expected for question in questions if question.expected is not None]
    if not held:
        return "–"
    return values_words(held[-1].values, digits) + (CONVENTION if held[-1].convention else "")


def marks(questions: Sequence[Question], respondent: str) -> str:
    """Give one mark for each question."""
    return "".join(MARKS[question.of(respondent).verdict] for question in questions)


def brief(reply: Reply) -> str:
    """Say in a word or two how a reply deviates; "" where it does not."""
    if not reply.deviates:
        return ""
    if reply.values is None:
        return "none"
    off = reply.worst is not None and isfinite(reply.worst.returned) and reply.worst.returned != 0
    if reply.ulp is not None and isfinite(reply.ulp) and off:
        return ulps(reply.ulp)
    return values_words(reply.values, 2)


def element_words(worst: Element, ulp: float) -> str:
    """Say what was returned for an element, and what is exact."""
    finite = isfinite(worst.returned) and worst.returned != 0
    returned = telling(repr(worst.returned), worst.exact) if finite else number(worst.returned)
    infinite = worst.exact in ("inf", "-inf")
    exact = number(float(worst.exact)) if infinite else telling(worst.exact, worst.returned)
    size = f" ({ulps(ulp)}{NO_BREAK}ULP)" if isfinite(ulp) else ""
    return f"{returned}, exact {exact}{size}"


@dataclass(frozen=True, slots=True)
class Deviation:
    """What somebody, or several, returned to one edge row that deviates.

    Attributes
    ----------
    function : str
    edge_row : str
    by : tuple of (tuple of str, tuple of str)
        Respondents, and the formats in which they did, or that it was every one.
    text : str
        What was returned, and what is expected.
    reply : Reply
        The worst of them.
    """

    function: str
    edge_row: str
    by: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    text: str
    reply: Reply

    @property
    def who(self) -> str:
        """Name respondents and formats."""
        return "; ".join(f"{', '.join(names)} in {', '.join(of)}" for names, of in self.by)


def deviations(found: Conformance) -> list[Deviation]:
    """Give what deviates, the same of several together, worst first.

    What implementations do stands before what our own algorithms do.
    """
    foreign = {r.name for r in found.respondents if r.name not in ALGORITHM_NAMES}
    groups = grouped((_kind(q, r), (q, r)) for q, r in found.deviations)
    told = [_deviation(found, pairs) for pairs in groups.values()]
    return sorted(told, key=lambda one: not foreign & {n for names, _ in one.by for n in names})


def _kind(question: Question, reply: Reply) -> tuple[str, ...]:
    """Tell replies apart that are not to be told of in one sentence."""
    if reply.values is None:
        return reply.respondent, reply.reason
    return question.function, question.edge_row.name, values_words(reply.values)


def _deviation(found: Conformance, pairs: list[tuple[Question, Reply]]) -> Deviation:
    question, worst = pairs[0]
    formats = grouped((r.respondent, q.format) for q, r in pairs)
    names = [r.name for r in found.respondents if r.name in formats]
    by = grouped((tuple(f for f in found.formats if f in formats[n]), n) for n in names)
    named = tuple((tuple(names), _formats(of, found)) for of, names in by.items())
    answers = {values_words(q.expected.values) for q, _ in pairs if q.expected}
    text = deviation_words(question, worst, of_format=len(answers) > 1)
    functions = ", ".join(dict.fromkeys(q.function for q, _ in pairs))
    return Deviation(functions, _edge_rows(q.edge_row.name for q, _ in pairs), named, text, worst)


def _edge_rows(names: Iterable[str]) -> str:
    """Name edge rows, a few of them."""
    several = tuple(dict.fromkeys(names))
    if len(several) <= MOST_VALUES:
        return ", ".join(several)
    left = plain(count(len(several) - MOST_VALUES + 1, "more edge row"))
    return f"{', '.join(several[: MOST_VALUES - 1])} and {left}"


def _formats(names: tuple[str, ...], found: Conformance) -> tuple[str, ...]:
    return ("every format",) if names == found.formats and len(names) > 1 else names


def deviation_words(question: Question, reply: Reply, *, of_format: bool = False) -> str:
    """Say what a reply is, and what it should be; `of_format` names the format it should be in."""
    if reply.values is None or question.expected is None:
        return f"no answer: {reply.reason}"
    returned, answer = values_words(reply.values), values_words(question.expected.values)
    if reply.worst is None or reply.ulp is None:
        return f"{returned}, where the convention is {answer}"
    if isfinite(reply.ulp) and number(reply.worst.returned) == shorten(reply.worst.exact, 4):
        return element_words(reply.worst, reply.ulp)  # the row in few digits would not tell
    size = f" ({ulps(reply.ulp)}{NO_BREAK}ULP)" if isfinite(reply.ulp) else ""
    of = f" in {question.format}" if of_format else ""
    return f"{returned}, where the answer{of} is {answer}{size}"


def counts(found: Conformance, respondent: str) -> dict[Verdict, int]:
    """Count a respondent's verdicts."""
    verdicts = [question.of(respondent).verdict for question in found.questions]
    return {verdict: verdicts.count(verdict) for verdict in VERDICTS}


def headline(found: Conformance) -> list[str]:
    """Say what was asked."""
    return [
        count(len(found.edge_rows), "edge row"),
        ", ".join(found.functions),
        ", ".join(found.formats),
    ]


def outcome(found: Conformance) -> str:
    """Count what deviates."""
    asked = sum(r.verdict != "not asked" for q in found.questions for r in q.replies)
    return f"{len(found.deviations)} of {count(asked, 'answer')} deviate"


def asked_of(found: Conformance, function: str) -> list[str]:
    """Name those who were asked anything of a function; everybody, where nobody was."""
    questions = found.about(function)
    names = [respondent.name for respondent in found.respondents]
    return [n for n in names if any(q.of(n).verdict != "not asked" for q in questions)] or names
