"""Outputs in the logits' layout: shapes that fit, and what to do about those that do not."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.model import Function, Logits

    Shape = tuple[int, ...]


def in_layout(outputs: Logits, logits: Logits, function: Function, axis: int, place: str) -> Logits:
    """Give outputs, as their file has them, in the logits' layout.

    Parameters
    ----------
    outputs : Logits
        With their last axis last, whichever is the class axis.
    logits : Logits
    function : str
    axis : int
        The class axis in both files.
    place : str
        What to call the outputs in a message.

    Returns
    -------
    Logits
        The class axis last; of logsumexp one of length 1.

    Raises
    ------
    InputError
        If their shape is not that of the answers.

    Notes
    -----
    Tables of text have two axes whatever the logits have: their lines are the rows in order.
    """
    values, axis = outputs.values, axis % len(logits.shape)
    wanted = _wanted(logits.shape, function, axis)
    if outputs.format == "text" and _same_lines(values.shape, wanted[-1], axis):
        values = values.reshape(wanted[-1])
    if values.shape not in wanted:
        raise InputError(f"{place}: {_advice(outputs, values.shape, logits.shape, function, axis)}")
    if values.ndim < len(logits.shape):
        values = np.expand_dims(values, axis)
    return replace(outputs, values=_last(values, axis), axis=axis)


def _wanted(shape: Shape, function: str, axis: int) -> list[Shape]:
    """Give the shapes that answers may have; the last has as many axes as the logits."""
    if function != "logsumexp":
        return [shape]
    return [shape[:axis] + shape[axis + 1 :], (*shape[:axis], 1, *shape[axis + 1 :])]


def _same_lines(shape: Shape, wanted: Shape, axis: int) -> bool:
    """Tell whether a table has a line for each row, or one line with one answer for each."""
    rows, columns = prod(wanted[:-1]), wanted[-1]
    one_line = shape in ((columns,) if rows == 1 else (), (1, rows) if columns == 1 else ())
    return axis == len(wanted) - 1 and (shape == (rows, columns) or one_line)


def _last(values: NDArray[Any], axis: int) -> NDArray[Any]:
    moved = np.moveaxis(values, axis, -1)
    moved.flags.writeable = False
    return moved


def _advice(outputs: Logits, shape: Shape, logits: Shape, function: str, axis: int) -> str:
    """Say what shape there is, which there should be, and what may have happened."""
    wanted = _wanted(logits, function, axis)[0]
    told = f"shape {_times(shape)}, and {function} of logits of shape {_times(logits)} over axis "
    remedy = _remedy(shape, wanted, logits, function, axis)
    if "int" in outputs.format and shape in _wanted(logits, "logsumexp", axis):
        remedy = (
            f"whole numbers, one for each row, are choices: give the {function} they were made by"
        )
    return f"{told}{axis} has {_times(wanted)}; {remedy}"


def _remedy(shape: Shape, wanted: Shape, logits: Shape, function: str, axis: int) -> str:
    if function == "logsumexp":
        if shape == logits:
            return "one value for each logit is --function softmax or log_softmax"
    elif shape in _wanted(logits, "logsumexp", axis):
        return "one value for each row is --function logsumexp"
    return _reshaping(shape, wanted, None if function == "logsumexp" else axis)


def _reshaping(shape: Shape, wanted: Shape, axis: int | None) -> str:
    if sorted(shape) == sorted(wanted):
        return f"the axes are in another order: save {_transposing(shape, wanted)}"
    if [n for n in shape if n != 1] == [n for n in wanted if n != 1]:
        return f"only axes of length 1 differ: save outputs.reshape({_listed(wanted)})"
    if prod(shape) == prod(wanted):
        return f"if the rows are in order, save outputs.reshape({_listed(wanted)})"
    if len(shape) == len(wanted):
        return _other_lengths(shape, wanted, axis)
    return "give one output for every result"


def _other_lengths(shape: Shape, wanted: Shape, axis: int | None) -> str:
    differ = [i for i, (n, m) in enumerate(zip(shape, wanted, strict=True)) if n != m]
    if differ == [axis]:
        i = differ[0]
        return f"{shape[i]} classes are not {wanted[i]}: save those of the logits, without padding"
    if axis not in differ:
        return "give logits and outputs of the same rows"
    return "give one output for every result"


def _transposing(shape: Shape, wanted: Shape) -> str:
    """Give the words that bring axes in order, by lengths alone: the first that fits is taken."""
    if len(shape) == 2:
        return "the transpose, outputs.T"
    left, order = list(range(len(shape))), list[int]()
    for length in wanted:
        order.append(next(i for i in left if shape[i] == length))
        left.remove(order[-1])
    return f"outputs.transpose({_listed(tuple(order))})"


def _times(shape: Shape) -> str:
    return "×".join(map(str, shape)) or "()"


def _listed(shape: Shape) -> str:
    return ", ".join(map(str, shape)) or "()"


__all__ = ["in_layout"]
