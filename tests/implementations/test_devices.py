"""How torch's devices are named and refused, with a stand-in: few machines have one of each."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from softaudit.implementations.model import Refused
from softaudit.implementations.torch import _place

CHIPS = ["NVIDIA H100 80GB HBM3", "NVIDIA L4"]


def device(kind, index=None):
    name, _, number = kind.partition(":")
    return SimpleNamespace(type=name, index=int(number) if number else index)


def stand_in(chips, mps=False):
    return SimpleNamespace(
        __version__="2.99",
        device=device,
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
        cuda=SimpleNamespace(
            is_available=lambda: bool(chips),
            device_count=lambda: len(chips),
            current_device=lambda: 0,
            get_device_name=lambda index: chips[index],
        ),
    )


@pytest.mark.parametrize(
    ("word", "chips", "full"),
    [
        ("cpu", [], "cpu"),
        ("cuda", CHIPS, "cuda:0 (NVIDIA H100 80GB HBM3)"),
        ("cuda:1", CHIPS, "cuda:1 (NVIDIA L4)"),
        ("mps", [], "mps"),
    ],
)
def test_devices_are_named_in_full(word, chips, full):
    place, name = _place(stand_in(chips, mps=True), word)
    assert name == full
    assert place.type == word.partition(":")[0]


OTHERWISE = "choose --device cpu, or install a torch that is built for this machine's accelerator"


@pytest.mark.parametrize(
    ("word", "chips", "reason"),
    [
        ("cuda", [], f"finds no device cuda in version 2.99; {OTHERWISE}"),
        ("cuda:1", [], f"finds no device cuda in version 2.99; {OTHERWISE}"),
        ("cuda:1", CHIPS[:1], "finds no device cuda:1 in version 2.99, but cuda:0"),
        ("cuda:2", CHIPS, "finds no device cuda:2 in version 2.99, but cuda:0 to cuda:1"),
        ("mps", [], f"finds no device mps in version 2.99; {OTHERWISE}"),
    ],
)
def test_devices_that_are_not_there(word, chips, reason):
    with pytest.raises(Refused) as refused:
        _place(stand_in(chips), word)
    assert str(refused.value) == reason
