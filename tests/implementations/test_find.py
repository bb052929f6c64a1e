"""Names of implementations: found, or refused with what to write instead."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest

from softaudit.errors import OptionError
from softaudit.formats import FORMATS
from softaudit.implementations import IMPLEMENTATIONS, Runner, Unanswered, find
from softaudit.implementations import scipy as of_scipy
from softaudit.implementations import torch as of_torch
from softaudit.implementations.model import FUNCTIONS, Implementation


@pytest.fixture
def _kernels(tmp_path, monkeypatch):
    """Make a directory with a module, a package, and one module that does not load."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kernels.py").write_text(
        "def softmax(x): return x\nclass Of:\n number = 3\nimport numpy as np\nnumbers = 3\n"
    )
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("__version__ = '1.2'\n")
    (tmp_path / "package" / "fast.py").write_text("from package import __version__\n"
                                                  "def softmax(x): return x\n")  # fmt: skip
    (tmp_path / "package" / "own.py").write_text("from .fast import softmax as f\n")
    (tmp_path / "package" / "in_it").mkdir()
    (tmp_path / "package" / "in_it" / "own.py").write_text("from ..fast import softmax as f\n")
    (tmp_path / "torch.py").write_text(
        "import numpy as np\ndef softmax(x): return np.full(x.shape, 0.5, x.dtype)\n"
    )
    (tmp_path / "broken.py").write_text("def f(x):\n  return x\nimport no_such_module\n")
    (tmp_path / "torn.py").write_text("def f(x:\n")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(4)\n")


@pytest.mark.usefixtures("_kernels")
@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("kernels.py:softmax", "kernels.softmax"),
        ("./kernels.py:Of.number", "kernels.Of.number"),
        ("kernels:softmax", "kernels.softmax"),
        ("package.fast:softmax", "fast.softmax"),
        ("json:dumps", "json.dumps"),
    ],
)
def test_functions_are_named_after_their_module(word, name):
    found = find(word)
    assert (found.name, found.word, found.device) == (name, word, "cpu")
    assert found.functions == ("softmax", "log_softmax", "logsumexp")
    assert found.formats == tuple(FORMATS)
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("word", "usual"),
    [
        ("torch", ("softmax", "log_softmax")),
        ("k.py:softmax", ("softmax",)),
        ("k.py:forward", ("softmax",)),
        ("package.log_softmax:forward", ("softmax",)),  # its own name, and not its module's
        ("log_softmax/k.py:Fused.log_softmax_v2", ("log_softmax",)),
        ("k:my_logsumexp", ("logsumexp",)),
    ],
)
def test_what_is_asked_where_no_function_is_named(word, usual):
    assert Implementation("name", word, "cpu", FUNCTIONS, ()).usual == usual


@pytest.mark.usefixtures("_kernels")
@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("torhc", "unknown implementation 'torhc': did you mean torch?"),
        ("xyz", "unknown implementation 'xyz': choose from scipy, torch, jax, onnxruntime, or "
                "name package.module:function or path.py:function"),
        ("kernels.py", "kernels.py: name a function in it, such as kernels.py:softmax"),
        ("kernels.py:", "'kernels.py:' names no function: write package.module:function or "
                        "path.py:function"),
        ("kernels:1", "'kernels:1' names no function: write package.module:function or "
                      "path.py:function"),
        ("kernels.txt:f()", "'kernels.txt:f()' names no function: write package.module:function "
                            "or path.py:function"),
        ("none.py:f", "none.py: no such file, where 'f' was to be found"),
        ("no_such.mod:f", "no module 'no_such.mod' here or installed; of a file give its path, "
                          "such as mod.py:f"),
    ],
)  # fmt: skip
def test_what_is_not_found(word, message):
    with pytest.raises(OptionError) as refused:
        find(word)
    assert str(refused.value) == message


@pytest.mark.usefixtures("_kernels")
@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("kernels.py:sofmax", "is not in kernels.py; did you mean 'softmax'?"),
        ("kernels.py:numbers_of", "is not in kernels.py"),  # neither numbers nor np can be called
        ("kernels.py:nope", "is not in kernels.py"),
        ("package/own.py:f", "cannot be imported from own.py: ImportError: attempted relative "
                             "import with no known parent package (own.py, line 1); "
                             "name it package.own:f"),
        ("./package/in_it/own.py:f", "cannot be imported from own.py: ImportError: attempted "
                                     "relative import with no known parent package "
                                     "(own.py, line 1); name it package.in_it.own:f"),
        ("kernels:xyz", "is not in kernels"),
        ("kernels.py:Of.number", "is no function, but of type int, in kernels.py"),
        ("broken.py:f", "cannot be imported from broken.py: ModuleNotFoundError: No module named "
                        "'no_such_module' (broken.py, line 3)"),
        ("torn.py:f", "cannot be imported from torn.py: SyntaxError: '(' was never closed "
                      "(torn.py, line 1)"),
        ("leaves:f", "cannot be imported from leaves: SystemExit: 4 (leaves.py, line 2)"),
    ],
)  # fmt: skip
def test_what_is_found_missing_once_it_has_started(word, reason):
    with Runner(find(word)) as runner:
        for _ in range(2):  # the second time nothing is started
            with pytest.raises(Unanswered) as unanswered:
                runner.start()
            assert unanswered.value.reason == reason
            assert "softaudit" not in unanswered.value.detail
            assert "frozen" not in unanswered.value.detail


@pytest.mark.usefixtures("_kernels")
def test_modules_are_imported_from_here_and_not_in_the_judge():
    with Runner(find("package.fast:softmax")) as runner:
        about = runner.start()
    assert (about.name, about.version, about.device) == ("fast.softmax", "1.2", None)
    assert "package" not in sys.modules


@pytest.mark.usefixtures("_kernels")
def test_a_file_may_be_named_as_a_framework_is():
    with Runner(find("torch.py:softmax")) as runner:
        answer = runner.ask("softmax", np.zeros((1, 2)), FORMATS["float32"])
    assert (answer.values.tolist(), answer.remarks) == ([[0.5, 0.5]], ())


@pytest.mark.usefixtures("_kernels")
def test_devices(monkeypatch):
    monkeypatch.setattr("softaudit.implementations.find_spec", lambda name: name)
    assert find("torch", "cuda:1").device == "cuda:1"
    assert "float64" in find("torch", "cuda").formats
    assert "float64" not in find("torch", "mps").formats  # which Metal does not have
    for word, device, choice in (
        ("scipy", "cuda", "scipy takes no device 'cuda': choose from cpu"),
        ("torch", "gpu", "torch takes no device 'gpu': choose from cpu, cuda, mps"),
        ("torch", "cuda:x", "torch takes no device 'cuda:x': choose from cpu, cuda, mps"),
        ("torch", "cpu:0", "torch takes no device 'cpu:0': choose from cpu, cuda, mps"),
        ("kernels:softmax", "cuda", "kernels:softmax takes no device 'cuda': a function chooses "
                                    "its own"),
    ):  # fmt: skip
        with pytest.raises(OptionError) as refused:
            find(word, device)
        assert str(refused.value) == choice


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_a_framework_that_is_missing_names_its_extra(name, monkeypatch):
    monkeypatch.setattr("softaudit.implementations.find_spec", lambda _: None)
    with pytest.raises(OptionError) as refused:
        find(name)
    assert str(refused.value) == f"{name} is not installed: pip install 'softaudit[{name}]'"


def test_our_files_are_not_the_frameworks_they_are_named_after():
    assert of_torch.__name__ == "softaudit.implementations.torch"
    assert of_scipy.FRAMEWORK.needs == ("scipy",)
    assert not {"torch", "jax", "onnxruntime", "scipy"} & set(sys.modules)
