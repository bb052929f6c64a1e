"""softaudit implementations: what is here, told without importing it."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest

from softaudit.implementations import Unanswered, listing
from softaudit.implementations.model import About

NAMES = ["scipy", "torch", "jax", "onnxruntime"]
ALL_FORMATS = ["float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"]


@pytest.fixture(autouse=True)
def _torch_alone_is_here(monkeypatch):
    """Let it look as if only torch were installed, in some version."""
    monkeypatch.setattr(
        "softaudit.implementations.find_spec", lambda name: name if name == "torch" else None
    )
    monkeypatch.setattr(listing, "version", lambda name: {"torch": "2.99"}[name])


def test_json(softaudit):
    ended = softaudit("implementations", "--output-format", "json")
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    assert document["schema"] == 1
    by_name = {one["name"]: one for one in document["implementations"]}
    assert list(by_name) == NAMES
    assert by_name["torch"] == {
        "name": "torch",
        "version": "2.99",
        "install": "",
        "functions": ["softmax", "log_softmax", "logsumexp"],
        "formats": ["float16", "bfloat16", "float32", "float64"],
        "devices": ["cpu", "cuda", "mps"],
        "started": None,
    }
    assert by_name["scipy"]["version"] is None
    assert by_name["scipy"]["install"] == "pip install 'softaudit[scipy]'"
    assert by_name["scipy"]["formats"] == ALL_FORMATS
    assert by_name["onnxruntime"]["formats"] == ["float16", "float32", "float64"]
    assert not set(NAMES) & set(sys.modules)


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_table(softaudit, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    text = softaudit("implementations").out
    assert max(map(len, text.split("\n"))) <= width
    words = " ".join(text.split())
    assert "torch version 2.99 functions softmax, log_softmax, logsumexp formats float16," in words
    assert "jax version not installed: pip install 'softaudit[jax]'" in words
    assert "path.py:function the same, from a file" in words


def test_csv(softaudit):
    text = softaudit("implementations", "--output-format", "csv").out
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["name"] for line in lines] == NAMES
    assert lines[1]["version"] == "2.99"
    assert lines[1]["devices"] == "cpu,cuda,mps"
    assert lines[2]["install"] == "pip install 'softaudit[jax]'"


def test_markdown(softaudit):
    text = softaudit("implementations", "--output-format", "markdown").out
    assert text.startswith("| name | version | functions | formats | devices |\n")
    assert "\n| `torch` | 2.99 | `softmax`, `log_softmax`, `logsumexp` | " in text
    assert "| not installed: `pip install 'softaudit[jax]'` |" in text


class Started:
    """Stands in for a process: cuda is not there."""

    def __init__(self, implementation):
        self.implementation = implementation

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        pass

    def start(self):
        if self.implementation.device == "cuda":
            raise Unanswered("finds no device cuda in version 2.99; choose --device cpu")
        return About("torch", "torch", "2.99", f"{self.implementation.device}:0 (a chip)")


def test_start_says_what_works(softaudit, monkeypatch):
    monkeypatch.setattr(listing, "Runner", Started)
    document = json.loads(softaudit("implementations", "--start", "--output-format=json").out)
    started = {one["name"]: one["started"] for one in document["implementations"]}
    assert started == {
        "scipy": None,
        "jax": None,
        "onnxruntime": None,
        "torch": {
            "cpu": "2.99 on cpu:0 (a chip)",
            "cuda": "finds no device cuda in version 2.99; choose --device cpu",
            "mps": "2.99 on mps:0 (a chip)",
        },
    }
    text = " ".join(softaudit("implementations", "--start").out.split())
    assert "torch cuda finds no device cuda in version 2.99; choose --device cpu" in text


def test_unknown_outputs(fails):
    assert "did you mean json" in fails("implementations", "--output-format", "jsn")


def test_a_version_under_another_name(monkeypatch):
    """The builds of onnxruntime for accelerators are distributions of other names."""

    def version(name):
        if name == "onnxruntime":
            raise listing.PackageNotFoundError(name)
        return {"onnxruntime-gpu": "1.99"}[name]

    monkeypatch.setattr(listing, "version", version)
    names = {"onnxruntime": ["onnxruntime-gpu"]}
    monkeypatch.setattr(listing, "packages_distributions", lambda: names)
    assert listing._version("onnxruntime") == "1.99"
    names.clear()
    assert listing._version("onnxruntime") == "of unknown version"
