"""Read .safetensors: a JSON header by hand, the tensors mapped.

The library of this name was rejected: its NumPy side refuses bfloat16 and float8, and it loads
what it reads.  The format is small: eight bytes of length, a JSON object, and the data, little
endian and in C order, without holes.

References
----------
safetensors, "Format", https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import IO, TYPE_CHECKING, Any, NoReturn

from softaudit.errors import InputError
from softaudit.sources.dtypes import dtype_of, from_bytes
from softaudit.sources.keys import chosen, or_another, place_of
from softaudit.sources.mapping import Mapped
from softaudit.sources.opening import Found, Opened, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.sources.opening import Wanted

_LONGEST_HEADER = 100_000_000
_MOST_AXES = 32
_LENGTH = 8
_AGAIN = "write it again with safetensors.numpy.save_file"
_AS_FLOAT = "save it as float32"

# How a .npy header would call them.
_DESCRS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<V2", "F8_E4M3": "|V1", "F8_E5M2": "|f1",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1",
}  # fmt: skip
_REFUSED = {
    "BOOL": f"boolean, not numbers; {_AS_FLOAT}",
    "C64": "complex, which has no softmax; save the real part",
    "F8_E8M0": f"powers of two, which scale other numbers; {_AS_FLOAT}",
}


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor as the header has it; its data are from `start` to `stop`, in bytes."""

    key: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def begins(file: IO[bytes]) -> bool:
    """Tell whether a file begins as no text does: a length below the limit, and a brace.

    The file stays at its beginning.
    """
    first = file.read(_LENGTH + 1)
    file.seek(0)
    length = int.from_bytes(first[:_LENGTH], "little")
    return first[_LENGTH:] == b"{" and length <= _LONGEST_HEADER


def read(opened: Opened, key: Wanted) -> Iterator[Found]:
    """Read a .safetensors file.

    Parameters
    ----------
    opened : Opened
        The file.
    key : str, tuple of str, or None
        Name of a tensor, or a pattern of names; all of them if None.

    Yields
    ------
    Found
        In the order of their data, with their keys; mapped read-only where they lie in a file.

    Raises
    ------
    InputError
        If header or layout are not as the format wants them, before the first tensor; if there is
        no such key; or if one of the tensors asked for holds no real numbers.
    """
    data_at, header = _read_header(opened)
    tensors = sorted(_tensors(header, opened.name), key=lambda each: (each.start, each.stop))
    _check_layout(tensors, opened.size - data_at, opened.name)
    by_key = {tensor.key: tensor for tensor in tensors}
    wanted = [by_key[each] for each in chosen(list(by_key), key, opened.name)]
    several = len(wanted) > 1
    for tensor in wanted:
        with or_another(is_one_of_several=several):
            _check_logits(tensor, place_of(opened.name, tensor.key))
    data = Mapped(opened.file)

    def found(tensor: _Tensor) -> Found:
        with or_another(is_one_of_several=several):
            return _found(data, data_at, opened.name, tensor)

    yield from map(found, wanted)  # map, unlike a loop, keeps none of them


def _read_header(opened: Opened) -> tuple[int, dict[str, Any]]:
    """Give the offset of the data, and the header's entries."""
    name = opened.name
    length = int.from_bytes(opened.file.read(_LENGTH), "little")
    if length > _LONGEST_HEADER:
        raise InputError(f"{name}: a header of {length} bytes, over {_LONGEST_HEADER}; {_AGAIN}")
    text = opened.file.read(length)
    if opened.size < _LENGTH or len(text) < length:
        raise InputError(f"{name}: {length} bytes of header expected, {len(text)} found; {_AGAIN}")
    if not text.startswith(b"{"):
        raise InputError(f"{name}: not a .safetensors file (its header is no object); {_AGAIN}")
    try:
        header = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = printable(str(error), 80)
        raise InputError(f"{name}: its header is not JSON ({reason}); {_AGAIN}") from error
    return _LENGTH + length, header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"two entries of one name, {twice!r}")
    return entries


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _tensors(header: dict[str, Any], name: str) -> list[_Tensor]:
    notes = header.pop("__metadata__", {})
    if not isinstance(notes, dict) or not all(isinstance(note, str) for note in notes.values()):
        raise InputError(f"{name}: its __metadata__ are no map of strings; {_AGAIN}")
    if not header:
        raise InputError(f"{name}: holds no arrays; {_AGAIN}")
    return [_tensor(key, entry, place_of(name, key)) for key, entry in header.items()]


def _tensor(key: str, entry: object, place: str) -> _Tensor:
    match entry:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [start, stop], **rest} if (
            not rest and all(type(n) is int and n >= 0 for n in (*shape, start, stop))
        ):
            if len(shape) > _MOST_AXES:
                raise InputError(
                    f"{place}: {len(shape)} axes, over {_MOST_AXES}; reshape it to rows"
                )
            return _Tensor(key, dtype, tuple(shape), start, stop)
    raise InputError(f"{place}: its entry is no dtype, shape and data_offsets; {_AGAIN}")


def _check_layout(tensors: list[_Tensor], size: int, name: str) -> None:
    """Refuse tensors that overlap, leave holes, reach beyond the end, or have another size."""
    end = 0
    for tensor in tensors:
        place = place_of(name, tensor.key)
        if tensor.start != end or tensor.stop < end:
            raise InputError(
                f"{place}: data from byte {_count(tensor.start)} to {_count(tensor.stop)}, where "
                f"{end} is the next; {_AGAIN}"
            )
        end = tensor.stop
        if end > size:
            raise InputError(f"{place}: data up to byte {_count(end)} of {size}; {_AGAIN}")
        _check_size(tensor, place)
    if end < size:
        raise InputError(f"{name}: {size - end} bytes of data belong to no array; {_AGAIN}")


def _check_size(tensor: _Tensor, place: str) -> None:
    if tensor.dtype not in _DESCRS:
        return
    found = tensor.stop - tensor.start
    expected = prod(tensor.shape) * dtype_of(_DESCRS[tensor.dtype], place).itemsize
    if found != expected:
        raise InputError(
            f"{place}: {_count(expected)} bytes of data expected for shape "
            f"{printable(str(tensor.shape), 60)} of {tensor.dtype}, {found} found; {_AGAIN}"
        )


def _check_logits(tensor: _Tensor, place: str) -> None:
    if tensor.dtype not in _DESCRS:
        reason = _REFUSED.get(tensor.dtype, f"not a dtype that is read; {_AS_FLOAT}")
        raise InputError(f"{place}: dtype '{printable(tensor.dtype, 40)}' is {reason}")
    if tensor.start == tensor.stop:
        shape = printable(str(tensor.shape), 60)
        raise InputError(f"{place}: shape {shape} has no elements; save at least one row")


def _found(data: Mapped, data_at: int, name: str, tensor: _Tensor) -> Found:
    place = place_of(name, tensor.key)
    stored = data.part(data_at + tensor.start, tensor.stop - tensor.start)
    descr = _DESCRS[tensor.dtype]
    values = from_bytes(stored, descr, tensor.shape, place)
    return Found(values, dtype_of(descr, place).name, tensor.key)


def _count(number: int) -> str:
    return str(number) if number < 10**18 else "over 10**18"
