"""What outputs for people say of conformance: values, marks, deviations in sentences."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING

from softaudit.studies.conforming import VERDICTS
from softaudit.wording import NO_BREAK, count, minus, short, shorten, telling, ulps

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
    "other convention": "≠",
    "off": "×",
    "no answer": "!",
    "not asked": "–",
}
MEANINGS = (
    ("·", "correctly rounded, or the convention"),
    ("≈", "within 4 ULP"),
    ("≠", "another convention"),
    ("×", "off"),
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
    if not reply.deviates or reply.values is None:
        return ""
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
    return f"{returned}, exact {exact}{size_words(worst, ulp)}"


MUCH = 100
"""ULP from which on it is said how much that is."""


def size_words(worst: Element, ulp: float) -> str:
    """Give an error in brackets: in ULP, and of many ULP in full, since they may be next to 0."""
    if not isfinite(ulp):
        return ""
    if ulp < MUCH:
        return f" ({ulps(ulp)}{NO_BREAK}ULP)"
    # What is below every float64 may have more of an exponent than a Decimal takes.
    exact = Decimal(worst.exact) if float(worst.exact) else Decimal(0)
    error = shorten(format(abs(Decimal(worst.returned) - exact), "e"), 2)
    return f" ({ulps(ulp)}{NO_BREAK}ULP, {error}{NO_BREAK}absolute)"


def deviation_words(question: Question, reply: Reply, *, of_format: bool = False) -> str:
    """Say what a reply is, and what it should be; `of_format` names the format it should be in."""
    if reply.values is None or question.expected is None:
        return f"no answer: {SECONDS.sub(NO_BREAK, reply.reason)}"
    returned, answer = values_words(reply.values), values_words(question.expected.values)
    if reply.worst is None or reply.ulp is None:
        return f"{returned}, where the convention is {answer}"
    if isfinite(reply.ulp) and number(reply.worst.returned) == shorten(reply.worst.exact, 4):
        return element_words(reply.worst, reply.ulp)  # the row in few digits would not tell
    size = size_words(reply.worst, reply.ulp)
    of = f" in {question.format}" if of_format else ""
    return f"{returned}, where the answer{of} is {answer}{size}"


SECONDS = re.compile(r"(?<=\d) (?=s\b)")
"""The blank before a unit of time."""


def counts(found: Conformance, respondent: str) -> dict[Verdict, int]:
    """Count a respondent's verdicts."""
    verdicts = [question.of(respondent).verdict for question in found.questions]
    return {verdict: verdicts.count(verdict) for verdict in VERDICTS}


def headline(found: Conformance) -> list[str]:
    """Say what was asked."""
    said = [
        count(len(found.edge_rows), "edge row"),
        ", ".join(found.functions),
        ", ".join(found.formats),
    ]
    if found.partial is not None:
        whole = sum(len(question.replies) for question in found.questions)
        said.append(f"partial: interrupted after {found.partial} of {count(whole, 'question')}")
    return said


def outcome(found: Conformance) -> str:
    """Count what is off, follows another convention, or is missing."""
    told = Counter(reply.verdict for question in found.questions for reply in question.replies)
    asked = sum(told.values()) - told["not asked"]
    off, other, missing = (told[name] for name in ("off", "other convention", "no answer"))
    said = [f"{off} of {count(asked, 'answer')} {'is' if 1 in (off, asked) else 'are'} off"]
    if other:
        said.append(f"{other} follow{'s' if other == 1 else ''} another convention")
    if missing:
        said.append(f"{missing} {'is' if missing == 1 else 'are'} missing")
    return ", ".join(said)


def asked_of(found: Conformance, function: str) -> list[str]:
    """Name those who were asked anything of a function; everybody, where nobody was."""
    questions = found.about(function)
    names = [respondent.name for respondent in found.respondents]
    return [n for n in names if any(q.of(n).verdict != "not asked" for q in questions)] or names
