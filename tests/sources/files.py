"""Bytes of array files, written by hand where NumPy would not write them."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from typing import Any

import numpy as np


def npy(array: Any) -> bytes:
    """Give the bytes that np.save writes."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npy_by_hand(
    header: str, data: bytes, version: bytes = b"\x01\x00", encoding: str = "latin-1"
) -> bytes:
    """Give a .npy file with this header and these data, whatever they claim."""
    text = header.encode(encoding)
    length = struct.pack("<H" if version == b"\x01\x00" else "<I", len(text))
    return b"\x93NUMPY" + version + length + text + data


def npy_of(descr: str, shape: str, data: bytes, *, fortran: bool = False) -> bytes:
    """Give a .npy file with these three entries."""
    header = f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n"
    return npy_by_hand(header, data)


def npz(*, compressed: bool = False, **arrays: Any) -> bytes:
    """Give the bytes that np.savez writes."""
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Give a zip archive of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in members:
            file.writestr(name, data)
    return buffer.getvalue()


def safetensors_by_hand(header: str | bytes, data: bytes = b"", length: int | None = None) -> bytes:
    """Give a .safetensors file with this header and these data, whatever they claim."""
    text = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def safetensors_of(*entries: tuple[str, str, list[int], tuple[int, int]], data: bytes) -> bytes:
    """Give a .safetensors file of entries (name, dtype, shape, offsets)."""
    header = {
        name: {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        for name, dtype, shape, offsets in entries
    }
    return safetensors_by_hand(json.dumps(header), data)
