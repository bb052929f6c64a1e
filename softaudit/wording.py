"""Numbers, places and counts in words, the same in every output."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal


def count(number: int, what: str) -> str:
    """Give `1 row`, `31 rows`."""
    return f"{number}{NO_BREAK}{what}{'' if number == 1 else 's'}"


def place(index: tuple[int, ...]) -> str:
    """Give `(0, 2, 5)`, which no line breaks; of a single vector's only row, `(0)`."""
    return f"({f',{NO_BREAK}'.join(map(str, index or (0,)))})"


NO_BREAK = "\ue000"
"""A blank at which lines are not broken: of private use, since layouts break at U+00A0 as well.

Renderers turn it into a plain one in the end.
"""


def plain(text: str) -> str:
    """Give a sentence with ordinary blanks."""
    return text.replace(NO_BREAK, " ")


def minus(text: str) -> str:
    """Write a number's own minus sign as such."""
    return f"−{text[1:]}" if text.startswith("-") else text


def short(value: float) -> str:
    """Give a number in up to four significant digits; infinities and NaN by their names."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "−inf"
    if value == int(value) and abs(value) < 1e6:
        return minus(str(int(value)))
    return shorten(repr(value), 4)


def significant(value: float | None) -> str:
    """Give an error in two significant digits, whole numbers up to 99,999 whole."""
    if value is None or math.isinf(value):
        return "–" if value is None else "∞"
    if value >= 99_999.5 or 0 < value < 0.01:
        return _exponent(f"{value:.1e}")
    if value >= 0.995 or value == 0:
        return f"{value:.0f}" if value >= 9.95 or value == 0 else f"{value:.1f}"
    return f"{value:.2f}"


def ulps(value: float | None) -> str:
    """Give an error in ulp as `significant` does, but not what is next to nothing."""
    return "<0.01" if value is not None and 0 < value < 0.01 else significant(value)


def percent(part: int, whole: int) -> str:
    """Give a percentage that says 100 or 0 only when it is: `99.6 %`, `99.9+ %`, `<0.1 %`."""
    if whole == 0:
        return "–"
    share = 100 * part / whole
    if part in (0, whole) or 0.5 <= share < 99.5:
        return f"{share:.0f} %"
    if share < 0.1:
        return "<0.1 %"
    return "99.9+ %" if share > 99.9 else f"{share:.1f} %"


def telling(exact: str, other: float | str, least: int = 4) -> str:
    """Shorten a decimal string, with digits enough to tell it from another number, and from 1.

    Parameters
    ----------
    exact : str
        Decimal, up to 25 significant digits, any exponent.
    other : float or str
        What it is to be told from.
    least : int
        Significant digits to give at least.
    """
    given = other if isinstance(other, str) else repr(other)
    finite = given not in ("inf", "-inf", "nan")
    for digits in range(least, 25):
        text = shorten(exact, digits)
        one = text.lstrip("−") == "1" and exact.lstrip("-") not in ("1", "1.0")
        if not one and (not finite or text != shorten(given, digits)):
            return text
    return beside_one(exact) or shorten(exact, 25)


def apart(measured: float, limit: float) -> tuple[str, str]:
    """Give two numbers with as many digits as tell them apart; whole numbers are given whole."""
    for digits in range(4, 18):
        shown, allowed = exactly(measured, digits), exactly(limit, digits)
        if measured == limit or shown != allowed:
            break
    return shown, allowed


def exactly(value: float, digits: int = 17) -> str:
    """Give a number in up to so many significant digits, a whole number whole."""
    if isinstance(value, int) or (value == value // 1 and abs(value) < 1e6):
        return minus(str(int(value)))
    if not math.isfinite(value):
        return short(value).replace("inf", "∞")
    return shorten(repr(value), digits)


def rounded_away(value: float, *, up: bool, digits: int = 6) -> str:
    """Give a number in up to so many digits, rounded up, or down: a limit that it still meets."""
    if isinstance(value, int) or not math.isfinite(value):
        return exactly(value)
    near = float(f"{value:.{digits}g}")
    if near < value if up else near > value:
        context = Context(prec=digits, rounding=ROUND_CEILING if up else ROUND_FLOOR)
        near = float(context.create_decimal(Decimal(value)))
    return exactly(near)


def beside_one(exact: str) -> str | None:
    """Write what is just below 1 as the difference, such as `1 − 4.248e-18`."""
    # What is far from 1 may have more of an exponent than a Decimal takes.
    if not exact.startswith("0.9999") or len(exact) >= 60:
        return None
    missing = 1 - Decimal(exact)
    return f"1 − {shorten(format(missing, 'e'), 4)}" if 0 < missing < Decimal("1e-5") else None


def shorten(decimal: str, digits: int) -> str:
    """Round a decimal string of any exponent to some significant digits."""
    sign = "−" if decimal.startswith("-") else ""
    mantissa, _, power = decimal.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    figures = (whole + fraction).lstrip("0")
    if not figures:
        return "0"
    exponent = int(power or 0) + len(whole.lstrip("0")) - 1
    if not whole.strip("0"):
        exponent = int(power or 0) - (len(fraction) - len(fraction.lstrip("0"))) - 1
    up = len(figures) > digits and figures[digits] >= "5"
    rounded = str(int(figures[:digits]) + up)
    if len(rounded) > digits:
        exponent += 1
    rounded = rounded.rstrip("0") or "0"
    return sign + _layout(rounded, exponent)


def _layout(figures: str, exponent: int) -> str:
    if -4 <= exponent < 0:
        return "0." + "0" * (-exponent - 1) + figures
    if 0 <= exponent < 6:
        whole = figures[: exponent + 1].ljust(exponent + 1, "0")
        rest = figures[exponent + 1 :]
        return f"{whole}.{rest}" if rest else whole
    if abs(exponent) >= 10**12:
        return f"10^{_exponent(f'{Decimal(exponent):.3e}')}"
    rest = f".{figures[1:]}" if len(figures) > 1 else ""
    return f"{figures[0]}{rest}e{exponent}"


def _exponent(text: str) -> str:
    """Write 1.2e+06 as 1.2e6."""
    mantissa, mark, power = text.partition("e")
    return f"{mantissa}e{int(power)}" if mark else text
