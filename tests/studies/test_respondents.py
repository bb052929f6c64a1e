"""Who is asked: found by name, each once, and on a device where it is taken."""

from __future__ import annotations

import pytest

from softaudit import others
from softaudit.errors import OptionError
from softaudit.implementations.model import FUNCTIONS, Implementation
from softaudit.studies import respondents as module
from softaudit.studies.respondents import respondents


@pytest.fixture
def devices(monkeypatch):
    """Let every framework be installed, and give the devices on which they were asked for."""
    asked = {}

    def find(word, device):
        asked[word] = device
        return Implementation(word.replace(":", "."), word, device, FUNCTIONS, ("float32",))

    monkeypatch.setattr(others, "find", find)
    monkeypatch.setattr(module, "installed", lambda: ("scipy", "torch"))
    return asked


def names(*words, **rest):
    return [one.name for one in respondents(words, **rest)]


def test_by_default_naive_stable_and_what_is_installed(devices):
    assert names() == ["naive", "stable", "scipy", "torch"]
    assert devices == {"scipy": "cpu", "torch": "cpu"}


def test_in_the_order_of_their_names_and_once(devices):
    assert names("torch", "stable", "torch", "k:f") == ["torch", "stable", "k.f"]


def test_a_device_is_for_those_who_take_it(devices):
    assert names(device="cuda:1") == ["naive", "stable", "scipy", "torch"]
    assert devices == {"scipy": "cpu", "torch": "cuda:1"}


@pytest.mark.parametrize(
    ("words", "rest", "told"),
    [
        (["stable"], {"device": "cuda"}, "device cuda: nobody is asked who would run there"),
        (["log2p"], {}, "unknown algorithm or implementation 'log2p': did you mean log1p?"),
        (["kernels.py"], {}, "kernels.py: name a function in it"),
        (["stable"], {"timeout": 0}, "timeout 0: must be a positive finite number"),
    ],
)
def test_refusals(words, rest, told):
    with pytest.raises(OptionError, match=told):
        respondents(words, **rest)


def test_two_of_one_name(devices, monkeypatch):
    same = lambda word, device: Implementation("k.f", word, device, FUNCTIONS, ())  # noqa: E731
    monkeypatch.setattr(others, "find", same)
    with pytest.raises(OptionError, match=r"a/k:f and b/k:f are both k\.f; rename one of them"):
        respondents(["a/k:f", "b/k:f"])
