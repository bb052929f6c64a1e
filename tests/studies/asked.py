"""Functions in this process in place of implementations: each breaks one invariance at most.

All are asked about rows of four zeros, whose softmax is ¼ exactly: a distance in float16 is then
the difference in units of 2^-12, and known by hand.
"""

from __future__ import annotations

from itertools import count

import numpy as np

from softaudit.implementations import Answer, Unanswered
from softaudit.model import Used
from softaudit.sources.array import from_array
from softaudit.studies.invariance import invariance

UNIT = 2.0**-12
"""ulp(¼) in float16."""

ZEROS = from_array(np.zeros((3, 4)))


class Respondent:
    """Somebody who is asked in this process, as `Theirs` is."""

    functions = ("softmax", "log_softmax", "logsumexp")
    formats = ("float16", "bfloat16", "float32")
    usual = ("softmax",)
    not_asked = {}  # noqa: RUF012

    def __init__(self, name, used=None) -> None:
        self.name, self.used = name, used or Used(name, command=name)

    def __enter__(self):
        return self

    def __exit__(self, *failure) -> None:
        pass


class Function(Respondent):
    """A function that is asked as an implementation is.

    Parameters
    ----------
    change : callable
        From the array as it is handed over, and the number of threads, to how many units are added
        to ¼.
    """

    def __init__(self, name, change) -> None:
        remarks = {f"softmax/float16/{name}": ("prints: 'hello'",)}
        super().__init__(name, Used(name, "1.0", "cpu", remarks=remarks, command=name))
        self.change = change

    def ask(self, function, x, form, *, layout="contiguous", threads=None, afresh=False):
        units = self.change(laid_out(x, layout), threads)
        values = 0.25 + np.broadcast_to(units, x.shape) * UNIT
        return Answer(values[:, :1] if function == "logsumexp" else values, ())


def laid_out(x, layout):
    """Lay rows out as a process would hand them over."""
    if layout == "transposed":
        return np.ascontiguousarray(x.T).T
    return np.repeat(x, 2, axis=1)[:, ::2] if layout == "strided" else x


_CALLS = count(1)


def refuses_seven(x, threads):
    if len(x) == 7:
        raise Unanswered("exits with 3")
    return 0


def refuses(x, threads):
    raise Unanswered("raises ValueError: no | thanks")


CHANGES = {
    "steady": lambda x, threads: 0,
    "shifted": lambda x, threads: x.max(axis=-1, keepdims=True) >= 1,
    "placed": lambda x, threads: np.arange(x.shape[-1]),
    "numbered": lambda x, threads: np.arange(len(x))[:, None],
    "counted": lambda x, threads: len(x),
    "strided": lambda x, threads: x.strides[-1] // 8,
    "threaded": lambda x, threads: 5 if threads == 1 else 0,
    "drifting": lambda x, threads: next(_CALLS),
    "refusing-7": refuses_seven,
    "refusing": refuses,
}


def asked(*names, logits=ZEROS, functions=("softmax",), formats=("float16",), **rest):
    """Probe some of these."""
    respondents = [Function(name, CHANGES[name]) for name in names]
    return invariance(logits, respondents, functions=functions, formats=formats, **rest)
