"""Generated dumps of logits: many files of every type, some of them broken, as a batch meets them.

Nothing in here comes from softaudit: what is made is known from how it was made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]

FORMATS: Mapping[str, tuple[str, Any]] = {
    "float32": ("F32", np.float32),
    "float16": ("F16", np.float16),
    "bfloat16": ("BF16", ml_dtypes.bfloat16),
    "float64": ("F64", np.float64),
    "float8_e4m3fn": ("F8_E4M3", ml_dtypes.float8_e4m3fn),
    "float8_e5m2": ("F8_E5M2", ml_dtypes.float8_e5m2),
}
"""What safetensors calls a format, and its dtype."""

_WIDE = ("float32", "float16", "bfloat16", "float64")
_COLUMNS = (64, 257, 1000, 5003)
_LONGEST_ROW = 20_000
_MOST_TEXT = 250_000
_TEXT_PER_NUMBER = 8
_LARGE_COLUMNS = 30522


@dataclass(frozen=True, slots=True)
class Dump:
    """One array that was made: its file below the folder, its key, and how many rows of logits."""

    name: str
    key: str | None
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Dumps:
    """What was made.

    Attributes
    ----------
    arrays : tuple of Dump
        What is to be audited, in the order of a batch.
    broken : mapping of str to str
        Names of the files that cannot be read, in that order, with words that the reason has.
    left_out : tuple of str
        Names of the files that a batch leaves out without a word.
    small : str
        Name of a .npy file of ordinary size.
    """

    arrays: tuple[Dump, ...]
    broken: Mapping[str, str]
    left_out: tuple[str, ...]
    small: str


def make_dumps(
    folder: Path,
    files: int,
    megabytes: float,
    broken: int = 5,
    large_megabytes: float | None = None,
    seed: int = 6,
) -> Dumps:
    """Make so many files, about so large in all, the same ones on every call.

    Parameters
    ----------
    folder : Path
        Where to; its folders are made.
    files, broken : int
        How many files there are, and how many of them cannot be read.
    megabytes, large_megabytes : float
        Size of all files, and of the one large file among them, float64: half of all by
        default.
    seed : int
        For other logits.
    """
    large_megabytes = megabytes / 2 if large_megabytes is None else large_megabytes
    wrong = {round((k + 0.5) * files / broken): _BROKEN[k % len(_BROKEN)] for k in range(broken)}
    large = next(i for i in range(files // 2, files) if i % 4 == 0 and i not in wrong)
    each = (megabytes - large_megabytes) * 1e6 / (files - broken)
    arrays, reasons, small = [], {}, ""
    for i in range(files):
        generator = np.random.default_rng((seed, i))
        suffix, write = (wrong[i][:2]) if i in wrong else _GOOD[i % 4]
        name = f"step{i // 100}/layer{i % 100 // 12}/head{i % 100 % 12}{suffix}"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if i in wrong:
            write(path)
            reasons[name] = wrong[i][2]
        elif i == large:
            rows = write_large(path, large_megabytes, generator, "<f8")
            arrays.append(Dump(name, None, rows, _LARGE_COLUMNS))
        else:
            made = write(path, _Wanted(i // 4, each * generator.uniform(0.5, 1.5), generator))
            arrays += [
                Dump(name, key, prod(array.shape[:-1]), array.shape[-1])
                for key, array in made.items()
            ]
            small = small or name  # the first is a .npy
    return Dumps(tuple(arrays), reasons, _make_left_out(folder), small)


def write_large(
    path: Path, megabytes: float, generator: np.random.Generator, dtype: str = "<f4"
) -> int:
    """Write so many megabytes of logits as .npy, some rows at a time; give the rows."""
    rows = int(megabytes * 1e6) // (np.dtype(dtype).itemsize * _LARGE_COLUMNS)
    with path.open("wb") as file:
        shape = {"descr": dtype, "fortran_order": False, "shape": (rows, _LARGE_COLUMNS)}
        np.lib.format.write_array_header_1_0(file, shape)
        for start in range(0, rows, 100):
            some = (min(100, rows - start), _LARGE_COLUMNS)
            values = 3 * generator.standard_normal(some, dtype=np.float32)
            file.write(values.astype(dtype).tobytes())
    return rows


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a file is to be like: `kind` runs through formats, shapes, sizes and masks."""

    kind: int
    bytes: float
    generator: np.random.Generator

    def array(self, name: str, share: float = 1.0, further: int = 0) -> Array:
        """Make logits of a format, in so large a share of the bytes."""
        kind = self.kind + further
        dtype = FORMATS[name][1]
        shape = _shape(kind, int(share * self.bytes / np.dtype(dtype).itemsize))
        values = _scale(kind, name) * self.generator.standard_normal(shape)
        if kind % 3 == 0 and name != "float8_e4m3fn":  # which has no infinity
            _mask(values, -np.inf if kind % 2 else float(ml_dtypes.finfo(dtype).min))
        return values.astype(dtype)


def _scale(kind: int, name: str) -> float:
    """Give logits' deviation: now and then huge, where the format holds it, and slow to judge."""
    if name in ("float32", "float64") and kind % 12 in (2, 7):
        return 1000.0 if kind % 12 == 2 else 1e30
    return 10.0 if kind % 2 else 3.0


def _shape(kind: int, size: int) -> tuple[int, ...]:
    """Give a shape of one axis to four, of about so many logits."""
    columns = _COLUMNS[kind // 4 % 4]
    rows = max(1, size // columns)
    return (
        (max(rows // 6, 1), columns) if rows < 6 else (2, 3, rows // 6, columns),
        (rows, columns),
        (max(1, rows // 4), min(rows, 4), columns),
        (max(2, min(size, _LONGEST_ROW)),),
    )[kind % 4]


def _mask(values: Array, mask: float) -> None:
    """Mask what comes after a row's own place, as attention does; the first logit stays."""
    if values.ndim > 1:
        rows, columns = values.shape[-2:]
        values[..., np.arange(columns) > np.arange(rows)[:, None] % columns] = mask


def _write_npy(path: Path, wanted: _Wanted) -> dict[str | None, Array]:
    values = wanted.array(_WIDE[(wanted.kind + wanted.kind // 4) % 4])
    np.save(path, np.asfortranarray(values) if wanted.kind % 5 == 4 else values)
    return {None: values}


def _write_csv(path: Path, wanted: _Wanted) -> dict[str | None, Array]:
    size = min(wanted.bytes, _MOST_TEXT) / _TEXT_PER_NUMBER
    columns = _COLUMNS[wanted.kind % 3]
    values = 10 * wanted.generator.standard_normal((max(1, int(size / columns)), columns))
    lines = [",".join(map(str, row)) for row in values.round(4).tolist()]
    if wanted.kind % 2:
        lines.insert(0, ",".join(f"class{j}" for j in range(columns)))
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return {None: values}


def _write_npz(path: Path, wanted: _Wanted) -> dict[str | None, Array]:
    made = {
        f"block{i}": wanted.array(_WIDE[(wanted.kind + i) % 4], share, i)
        for i, share in enumerate((0.5, 0.3, 0.2))
    }
    (np.savez_compressed if wanted.kind % 2 else np.savez)(path, **made)
    return {**made}


def _write_safetensors(path: Path, wanted: _Wanted) -> dict[str | None, Array]:
    """Write two tensors, as the format has it: length of the header, header, data."""
    names = tuple(FORMATS)
    made, entries, data = {}, {"__metadata__": {"format": "np"}}, b""
    for i, share in enumerate((0.6, 0.4)):
        name = names[(2 * wanted.kind + i) % len(names)]
        values = made[f"scores.{i}"] = wanted.array(name, share, i)
        end = len(data) + values.nbytes
        entries[f"scores.{i}"] = {
            "dtype": FORMATS[name][0],
            "shape": list(values.shape),
            "data_offsets": [len(data), end],
        }
        data += values.tobytes()
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)
    return {**made}


_GOOD: tuple[tuple[str, Callable[..., Any]], ...] = (
    (".npy", _write_npy),
    (".csv", _write_csv),
    (".npz", _write_npz),
    (".safetensors", _write_safetensors),
)


def _some() -> Array:
    return np.random.default_rng(1).standard_normal((50, 100))


def _cut(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])


def _truncated_npy(path: Path) -> None:
    np.save(path, _some())
    _cut(path, 0.5)


def _ragged_csv(path: Path) -> None:
    path.write_text("1,2,3\n4,5,6\n7,8\n", "utf-8")


def _truncated_npz(path: Path) -> None:
    np.savez(path, logits=_some())
    _cut(path, 0.9)


def _header_beyond_the_file(path: Path) -> None:
    path.write_bytes((10**6).to_bytes(8, "little") + b'{"a": {"dtype": "F32"}}')


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _no_number(path: Path) -> None:
    path.write_text("1,2,3\n4,five,6\n", "utf-8")


_BROKEN: tuple[tuple[str, Callable[[Path], None], str], ...] = (
    (".npy", _truncated_npy, "of data expected"),
    (".csv", _ragged_csv, "2 columns, 3 expected as in line 1"),
    (".npz", _truncated_npz, "not a whole .npz file"),
    (".safetensors", _header_beyond_the_file, "header"),
    (".npy", _empty, "an empty file (0 bytes)"),
    (".csv", _no_number, "'five' is not a number"),
)


def _make_left_out(folder: Path) -> tuple[str, ...]:
    """Make what is hidden, and what is no logits by its name."""
    names = (".hidden.npy", ".cache/logits.npy", "README.md", "config.json", "step0/run.log")
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".npy":
            np.save(path, _some())
        else:
            path.write_text("{}\n", "utf-8")
    return names
