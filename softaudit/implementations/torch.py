"""PyTorch: `torch.softmax`, `log_softmax` and `logsumexp` along the last axis, on any device.

NumPy has no bfloat16 that PyTorch knows, so those numbers travel as their bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softaudit.formats import FORMATS
from softaudit.implementations.model import CPU, Framework, Loaded, Refused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FRAMEWORK = Framework(
    needs=("torch",),
    formats=("float16", "bfloat16", "float32", "float64"),
    devices=(CPU, "cuda", "mps"),
    lacks={"mps": ("float64",)},
)


def load(device: str, threads: int | None) -> Loaded:
    """Import PyTorch, and check that the device is there.

    Raises
    ------
    Refused
        If it is not.
    """
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    place, full = _place(torch, device)

    def call(function: str, x: NDArray[Any]) -> Any:
        y = getattr(torch, function)(as_tensor(x).to(place), dim=-1)
        if place.type != CPU:
            getattr(torch, place.type).synchronize()
        return y

    return Loaded(torch.__version__, full, call)


def _place(torch: Any, device: str) -> tuple[Any, str]:
    """Give a device, and its name in full."""
    place = torch.device(device)
    if place.type == "cuda":
        return _cuda(torch, place)
    if place.type == "mps" and not torch.backends.mps.is_available():
        raise Refused(f"finds no device mps in version {torch.__version__}; {_REMEDY}")
    return place, device


def _cuda(torch: Any, place: Any) -> tuple[Any, str]:
    if not torch.cuda.is_available():
        raise Refused(f"finds no device cuda in version {torch.__version__}; {_REMEDY}")
    there = torch.cuda.device_count()
    index = torch.cuda.current_device() if place.index is None else place.index
    if index >= there:
        last = f"cuda:0 to cuda:{there - 1}" if there > 1 else "cuda:0"
        raise Refused(f"finds no device cuda:{index} in version {torch.__version__}, but {last}")
    name = torch.cuda.get_device_name(index)
    return torch.device("cuda", index), f"cuda:{index} ({name})"


_REMEDY = "choose --device cpu, or install a torch that is built for this machine's accelerator"


def as_tensor(x: NDArray[Any]) -> Any:
    """Give an array's numbers as a tensor, in its memory and layout."""
    import torch

    if x.dtype == FORMATS["bfloat16"].dtype:
        return torch.from_numpy(x.view("int16")).view(torch.bfloat16)
    return torch.from_numpy(x)


_BY_BITS = ("bfloat16", "float8_e4m3fn", "float8_e5m2")
"""Formats that tensors have and that Tensor.numpy refuses."""


def as_array(tensor: Any) -> NDArray[np.generic]:
    """Give a tensor's numbers as an array, wherever it lies, in its own format."""
    import torch

    tensor = tensor.detach().cpu().resolve_neg().resolve_conj()
    for name in _BY_BITS:
        if tensor.dtype == getattr(torch, name):
            form = FORMATS[name].dtype
            bits = torch.int16 if form.itemsize == 2 else torch.int8
            by_bits: NDArray[np.generic] = tensor.contiguous().view(bits).numpy().view(form)
            return by_bits
    array: NDArray[np.generic] = tensor.numpy()
    return array
