"""The Python face: few names, the same figures as the command's."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit import algorithms, reference
from softaudit.against import with_ratios
from softaudit.arithmetic import Evaluation
from softaudit.audit import audit as run_audit
from softaudit.errors import InputError, OptionError
from softaudit.implementations import TIMEOUT
from softaudit.judging import judge
from softaudit.keys import known, make_key
from softaudit.model import Audit, CellKey, Logits, RowKind, take_rows
from softaudit.others import choose
from softaudit.plan import OPTIONS, check_temperature, make_plan
from softaudit.problem import classify, pose, round_temperature
from softaudit.sources.array import from_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from softaudit.model import Function


def read(path: str | PathLike[str], *, axis: int = -1, key: str | None = None) -> Logits:
    """Read logits from a file, standard input or a literal.

    Parameters
    ----------
    path : str or path-like
        A path (.npy, .npz, .safetensors, .csv, .tsv, the text ones also gzipped), "-" for standard
        input, or literal logits such as "[40, 0]".
    axis : int
        The class axis.
    key : str, optional
        Which array of an .npz or .safetensors, its name or a pattern that matches no other; needed
        where it has several.

    Returns
    -------
    Logits
        The class axis moved to the end.

    Raises
    ------
    InputError
        If it cannot be read as logits; one line saying what, where, and what to do.
    """
    from softaudit.sources import read as read_all

    found = read_all(fspath(path), axis=axis, key=key)
    if len(found) > 1:
        names = ", ".join(str(logits.key) for logits in found)
        raise InputError(f"{path}: has several arrays; name one with key: {names}")
    return found[0]


def audit(
    logits: Logits | ArrayLike,
    *,
    function: Sequence[str] = (),
    format: Sequence[str] = (),  # noqa: A002  the field's word, and the command's
    algorithm: Sequence[str] = (),
    compute: Sequence[str] = (),
    accumulate: Sequence[str] = (),
    order: Sequence[str] = (),
    subnormals: Sequence[str] = (),
    saturate: bool = False,
    block_size: int | Sequence[int] = (),
    temperature: float = 1.0,
    elementary: str = "numpy",
    implementation: str | Sequence[str] = (),
    against: str | None = None,
    device: str = "cpu",
    timeout: float = TIMEOUT,
    worst: int = 5,
    jobs: int = 1,
) -> Audit:
    """Compute softmax and its relatives on logits, and judge every result.

    Parameters
    ----------
    logits : Logits or array_like, shape (..., columns)
        As read, or any real array, the class axis last.
    function, format, algorithm, compute, accumulate, order, subnormals : sequence of str
        Naming any makes the plain product of them; naming none gives the 24 default cells.
        Algorithm "all" stands for all; subnormals are "keep" or "flush".
    saturate : bool
        Whether float8 formats have their largest number in place of what is beyond it.
    block_size : int, or sequence of int
        Columns of a block, of the blockwise algorithms.
    temperature : float
        T, positive and finite.
    elementary : str
        "numpy": exp and log in float32 and float64 are NumPy's, which differ between processors;
        "correct": they are correctly rounded, so that all figures are the same on every machine,
        but those in the summation order "numpy".
    implementation : str, or sequence of str
        Whose code is judged, in place of the default algorithms or beside those that are named:
        "scipy", "torch", "jax", "onnxruntime", "package.module:function", "path.py:function".  Each
        runs in a process of its own.  Where no function is named, a user's function is taken for
        what its name says, log_softmax or logsumexp, and otherwise for softmax.
    against : str, optional
        Who is trusted, an algorithm or an implementation: every other cell gets the ratio of its
        errors to the trusted one's.
    device : str
        Where torch runs: "cpu", "cuda", "cuda:1", "mps".
    timeout : float
        Seconds that an answer may take; positive and finite.
    worst : int
        How many worst elements a cell keeps, one per cause.
    jobs : int
        Processes that share long work; the result is the same.  They are spawned, so a script that
        asks for several begins its work under `if __name__ == "__main__":`.

    Returns
    -------
    Audit

    Raises
    ------
    OptionError, InputError
        For names, combinations, temperatures or arrays that cannot be asked.
    UnansweredError
        If implementations answered in no cell.
    PlatformError
        If the processor's state breaks IEEE arithmetic.
    """
    others = choose(_several(implementation), against, device)
    names = (function, format, algorithm, compute, accumulate, order, subnormals)
    plan = make_plan(
        dict(zip(OPTIONS, map(_several, names), strict=True)),
        saturate=saturate,
        block_sizes=(block_size,) if isinstance(block_size, int) else tuple(block_size),
        temperature=temperature,
        elementary=elementary,
        worst=worst,
        implementations=others.implementations,
        against=others.against,
    )
    source = logits if isinstance(logits, Logits) else from_array(logits)
    with others.answers(timeout) as answers:
        found = run_audit(source, plan, jobs=jobs, answers=answers)
    return with_ratios(found, others.trusted) if others.trusted else found


def compute(
    function: Function,
    logits: ArrayLike,
    *,
    format: str,  # noqa: A002
    algorithm: str,
    compute: str | None = None,
    accumulate: str | None = None,
    order: str = "pairwise",
    subnormals: str = "keep",
    saturate: bool = False,
    block_size: int | None = None,
    temperature: float = 1.0,
    elementary: str = "numpy",
) -> NDArray[Any]:
    """Compute a function as a cell does: these are the values that the cell judged.

    Parameters
    ----------
    function, format, algorithm, compute, accumulate, order, subnormals : str
        The cell; see `softaudit.audit`.
    saturate : bool
    block_size : int, optional
    logits : array_like, shape (..., columns)
    temperature : float
        T; rounded to the format.
    elementary : str
        Whose exp and log float32 and float64 use; see `softaudit.audit`.

    Returns
    -------
    ndarray
        In the format's dtype; of the logits' shape, without the last axis for logsumexp.  Rows with
        NaN, +∞ or nothing but −∞ hold what the algorithm made of them.

    Raises
    ------
    OptionError, InputError
        For names, combinations, temperatures or arrays that cannot be asked.
    """
    key = make_key(
        *(function, format, algorithm, compute, accumulate, order),
        subnormals=subnormals,
        saturate=saturate,
        block_size=block_size,
        elementary=elementary,
    )
    source = _asked(logits, key, temperature)
    problem = pose(_all_rows(source), key.arithmetic.posed, temperature)
    values = algorithms.run(key, Evaluation(problem, key.arithmetic)).values
    return _shaped(values, source, key)


def exact(
    function: Function,
    logits: ArrayLike,
    *,
    format: str,  # noqa: A002
    saturate: bool = False,
    temperature: float = 1.0,
) -> NDArray[Any]:
    """Give the correctly rounded answer on the rounded logits, proven.

    Parameters
    ----------
    function : str
        softmax, log_softmax or logsumexp.
    logits : array_like, shape (..., columns)
    format : str
        Logits and temperature are rounded to it, and so is the answer: to nearest, ties to even.
    saturate : bool
        Whether logits beyond a float8 format's largest number are that number; an answer beyond it
        is not.
    temperature : float
        T.

    Returns
    -------
    ndarray
        In the format's dtype; of the logits' shape, without the last axis for logsumexp.  NaN in
        rows that have no answer: with NaN, and for softmax and log_softmax with +∞ or nothing
        but −∞, as read or after rounding.

    Raises
    ------
    OptionError, InputError
        For names, temperatures or arrays that cannot be asked.
    PlatformError
        If the processor's state breaks IEEE arithmetic.
    """
    reference.check_processor()
    known(function, algorithms.ALGORITHMS, "function")
    key = make_key(function, format, "stable", saturate=saturate)
    source = _asked(logits, key, temperature)
    problem = pose(_all_rows(source), key.arithmetic.posed, temperature)
    answerable = np.isin(classify(problem, function), (RowKind.AUDITED, RowKind.LOST_TO_CAST))
    found = reference.enclose(problem.values, problem.temperature, (function,))
    enclosure = found[function].enclosure
    values = np.full(enclosure.high.shape, np.nan)
    if answerable.any():
        part = take_rows(problem, answerable)
        decision = reference.judge(take_rows(enclosure, answerable), part, function)
        values[answerable] = decision.rounded
    return _shaped(values, source, key)


def render(report: Any, output_format: str = "json") -> str:
    """Render an audit, or several, as the command prints it.

    Parameters
    ----------
    report : Audit, sequence of Audit, or Report
    output_format : str
        A key of `softaudit.render.RENDERERS`.

    Returns
    -------
    str

    Raises
    ------
    OptionError
        For an unknown output format.
    """
    from softaudit.render import RENDERERS
    from softaudit.report import Report, make_report

    if not isinstance(report, Report):
        report = make_report([report] if isinstance(report, Audit) else list(report))
    return "".join(RENDERERS[known(output_format, RENDERERS, "output format")](report, None))


def _several(names: Sequence[str]) -> Sequence[str]:
    return (names,) if isinstance(names, str) else tuple(names)


def _asked(logits: ArrayLike, key: CellKey, temperature: float) -> Logits:
    check_temperature(temperature)
    form = key.arithmetic.storage
    rounded = round_temperature(temperature, form)
    if not (rounded > 0 and np.isfinite(rounded)):
        raise OptionError(f"temperature {temperature:g} becomes {rounded:g} in {form.name}")
    return logits if isinstance(logits, Logits) else from_array(logits)


def _all_rows(source: Logits) -> NDArray[np.float64]:
    return source.take(np.arange(source.rows))


def _shaped(values: NDArray[np.float64], source: Logits, key: CellKey) -> NDArray[Any]:
    shape = source.rows_shape if key.function == "logsumexp" else source.values.shape
    with np.errstate(over="ignore"):
        return values.reshape(shape).astype(key.arithmetic.storage.dtype)


__all__ = ["audit", "compute", "exact", "judge", "read", "render"]
