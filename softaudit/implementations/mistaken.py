"""What to say of results that answer another question: outputs are refused, code is judged on.

Of outputs nothing else can be meant, and to compute them again costs somebody time.  Code that
runs was asked by softaudit itself, so its figures are what it was asked for: they get a remark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.errors import InputError
from softaudit.implementations.other_question import Asked, other_question
from softaudit.model import Logits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.implementations.other_question import Other
    from softaudit.model import Function


def refuse_other_answers(
    outputs: Logits,
    form: Format,
    logits: Logits,
    function: Function,
    temperature: float,
    place: str,
) -> None:
    """Refuse outputs that answer another question.

    Parameters
    ----------
    outputs, logits : Logits
        In the same layout.
    form : Format
        The outputs' number format.
    function, temperature
        What is asked.
    place : str
        What to call the outputs in a message.

    Raises
    ------
    InputError
        With the question that they answer, and how to ask it; see `other_question`.
    """
    asked = Asked(function, form, temperature, logits.axis % len(logits.shape))
    other = other_question(logits, outputs, asked)
    outputs.release()
    if other is not None:
        raise InputError(f"{place}: {_told(other, asked, logits.values.size)}")


def _told(other: Other, asked: Asked, size: int) -> str:
    """Say which other question outputs answer, and how to ask it."""
    axis, function = other.axis, asked.function
    match other.what:
        case "logits":
            return "the logits themselves, and not outputs: give what the implementation returned"
        case "function":
            return _other_function(asked)
        case "temperature":
            return (
                f"computed without the temperature {asked.temperature:g}: leave out --temperature, "
                "or divide the logits by it first"
            )
        case "axis":
            told = f"{function} along axis {axis}, and not along the class axis {asked.axis}"
            return f"{told}: name --axis {axis}, or give outputs computed along axis {asked.axis}"
        case "exchanged":
            swapped = f"outputs.swapaxes({axis}, {asked.axis})"
            return f"axes {axis} and {asked.axis} are exchanged: save {swapped}"
        case "all":
            return (
                f"{function} over all {size} logits at once, and not along axis {asked.axis}: "
                "compute it with that axis, or reshape logits and outputs"
            )


def _other_function(asked: Asked) -> str:
    what = "logarithms" if asked.function == "softmax" else "probabilities"
    return f"{what}, and {asked.function} is asked: name --function {asked.other_function}"


def remark_on_other_answers(
    returned: NDArray[np.float64], form: Format, x: NDArray[np.float64], function: Function
) -> tuple[str, ...]:
    """Remark on code that answers another question.

    Parameters
    ----------
    returned, x : ndarray of float64, shape (rows, columns)
        What came back, and what was handed over: round(x̂ / T̂), so that no temperature is left.
    form : Format
        In which it was asked.
    function : str

    Returns
    -------
    tuple of str
        One remark, to be read after its name, or none.
    """
    asked = Asked(function, form, 1.0, 1)
    given, came = (Logits(a, "", "", form.name, a.shape, "") for a in (x, returned))
    other = other_question(given, came, asked)
    return () if other is None else (f"returns {_remarked(other, asked)}",)


def _remarked(other: Other, asked: Asked) -> str:
    match other.what:
        case "function":
            return _other_function(asked)
        case "axis":
            return f"{asked.function} along axis 0 of what it gets, and axis -1 is asked"
        case "exchanged":
            return f"{asked.function} with rows and columns exchanged"
        case "all":
            return f"{asked.function} over all that it gets at once, and axis -1 is asked"
        case _:
            return "its input"


__all__ = ["refuse_other_answers", "remark_on_other_answers"]
