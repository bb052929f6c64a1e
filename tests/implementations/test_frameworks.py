"""Each framework's answers are those that it gives when it is called directly, to the bit."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from softaudit.errors import OptionError
from softaudit.formats import FORMATS, round_to
from softaudit.implementations import IMPLEMENTATIONS, Runner, Unanswered, find, framework
from softaudit.implementations.model import FUNCTIONS, Implementation

pytestmark = pytest.mark.frameworks

X = np.array([[0.0, -3.0, 2.0, -20.0], [5.0, 5.0, -np.inf, 5.0], [0.25, -0.125, 4.0, 1.0]])

DIRECT = {
    "scipy": """
        from scipy import special
        def call(function, x):
            return np.asarray(getattr(special, function)(x, axis=-1))
    """,
    "torch": """
        import torch
        def call(function, x):
            t = torch.tensor(x.astype(np.float64).tolist(), dtype=torch.float64)
            y = getattr(torch.nn.functional, function, getattr(torch, function))(
                t.to(getattr(torch, x.dtype.name)), -1)
            return y.to(torch.float64).numpy()
    """,
    "jax": """
        import os
        os.environ.update(JAX_PLATFORMS="cpu", JAX_ENABLE_X64="1")
        import jax, jax.scipy.special
        functions = {"softmax": jax.nn.softmax, "log_softmax": jax.nn.log_softmax,
                     "logsumexp": jax.scipy.special.logsumexp}
        def call(function, x):
            return np.asarray(functions[function](x, axis=-1))
    """,
    "onnxruntime": """
        import onnx.parser, onnxruntime
        types = {"float16": "float16", "float32": "float", "float64": "double"}
        nodes = {"softmax": "Softmax <axis=-1> (x)", "log_softmax": "LogSoftmax <axis=-1> (x)",
                 "logsumexp": "ReduceLogSumExp <axes=[-1], keepdims=0> (x)"}
        def call(function, x):
            kind = types[x.dtype.name]
            text = (f'<ir_version: 8, opset_import: ["" : 13]> g ({kind}[R, C] x) => '
                    f'({kind}[] y) {{ y = {nodes[function]} }}')
            text = text.replace(f"{kind}[] y", f"{kind}[R{', C' * (function != 'logsumexp')}] y")
            model = onnx.parser.parse_model(text).SerializeToString()
            run = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run
            return run(None, {"x": x})[0]
    """,
}

PROGRAM = """
import json, sys, textwrap
import numpy as np
import ml_dtypes
code, forms, functions, x = json.load(sys.stdin)
exec(textwrap.dedent(code))
for form in forms:
    dtype = np.dtype(getattr(ml_dtypes, form, None) or form)
    for function in functions:
        y = call(function, np.array(x).astype(dtype))
        print(json.dumps([form, function, y.astype(np.float64).reshape(len(x), -1).tolist()]))
"""


@pytest.fixture(scope="module", params=list(IMPLEMENTATIONS))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def direct(name):
    """What the framework gives in a program that knows nothing of softaudit."""
    asked = json.dumps([DIRECT[name], framework(name).formats, FUNCTIONS, X.tolist()])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=asked, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def runner(name):
    with Runner(find(name)) as one:
        yield one


def test_the_bits_are_the_frameworks_own(name, direct, runner):
    assert len(direct) == len(framework(name).formats) * len(FUNCTIONS)
    for form, function, expected in direct:
        answer = runner.ask(function, X, FORMATS[form])
        once = round_to(np.array(expected), FORMATS[form])
        assert answer.values.shape == ((3, 1) if function == "logsumexp" else X.shape)
        assert np.array_equal(answer.values, once, equal_nan=True), (form, function)
        signs = np.copysign(1.0, answer.values) == np.copysign(1.0, once)
        assert (signs | np.isnan(once)).all()


REMARKED = {
    ("scipy", "logsumexp", "bfloat16"): "returns float64, rounded once to bfloat16",
    ("scipy", "logsumexp", "float8_e4m3fn"): "returns float64, rounded once to float8_e4m3fn",
    ("scipy", "logsumexp", "float8_e5m2"): "returns float32, rounded once to float8_e5m2",
}


def test_only_scipy_returns_another_dtype(name, runner):
    for form in framework(name).formats:
        for function in FUNCTIONS:
            remark = REMARKED.get((name, function, form))
            answer = runner.ask(function, X, FORMATS[form])
            assert answer.remarks == ((remark,) if remark else ()), (form, function)


@pytest.mark.parametrize("layout", ["transposed", "strided"])
def test_every_layout_is_taken(name, runner, layout):
    for form in framework(name).formats:
        plain = runner.ask("softmax", X, FORMATS[form])
        laid_out = runner.ask("softmax", X, FORMATS[form], layout)
        assert np.allclose(laid_out.values, plain.values, rtol=0.01, equal_nan=True)
        assert laid_out.remarks == plain.remarks


def test_formats_that_are_not_declared_do_not_work(name):
    others = [form for form in FORMATS if form not in framework(name).formats]
    everything = Implementation(name, name, "cpu", FUNCTIONS, tuple(FORMATS))
    with Runner(everything) as runner:
        for form in others:
            for function in FUNCTIONS:
                with pytest.raises(Unanswered, match=r"^raises \w+"):
                    runner.ask(function, X, FORMATS[form])


def test_it_says_its_version(name, runner):
    about = runner.start()
    own = subprocess.run(
        [sys.executable, "-c", f"import {name}; print({name}.__version__)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert about.version == own.stdout.strip()
    assert (about.name, about.device) == (name, "cpu")


def test_the_judge_imports_none(name):
    program = (
        "import sys\nfrom softaudit.implementations import Runner, find\n"
        f"with Runner(find({name!r})) as runner: runner.start()\n"
        f"assert {name!r} not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads(name, threads):
    with Runner(find(name), threads=threads) as runner:
        answer = runner.ask("softmax", X, FORMATS["float32"])
    assert answer.values[1].tolist() == [np.float32(1) / np.float32(3)] * 2 + [0.0] + [
        float(np.float32(1) / np.float32(3))
    ]


@pytest.mark.parametrize("device", ["cuda", "mps", "cuda:99"])
def test_a_device_that_is_not_there(device):
    import torch

    if device == "mps" and torch.backends.mps.is_available():
        pytest.skip("mps is there")
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("cuda is there")
    with Runner(find("torch", device)) as runner, pytest.raises(Unanswered) as unanswered:
        runner.start()
    kind = device if torch.cuda.is_available() else device.partition(":")[0]
    begins = f"finds no device {kind} in version {torch.__version__}"
    assert unanswered.value.reason.startswith(begins)


def test_torch_on_an_accelerator():
    """Where there is one."""
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no cuda here")
    with Runner(find("torch", "cuda")) as runner:
        for form in find("torch", "cuda").formats:
            answer = runner.ask("softmax", X, FORMATS[form])
            expected = torch.tensor(X.tolist(), dtype=getattr(torch, form), device="cuda")
            expected = torch.softmax(expected, -1).to(torch.float64).cpu().numpy()
            assert np.array_equal(answer.values, expected)
        assert torch.cuda.get_device_name(0) in runner.about.device


def test_tensors_of_a_users_function(tmp_path):
    file = tmp_path / "k.py"
    file.write_text(
        "import numpy as np, torch\n"
        "from softaudit.implementations.torch import as_tensor\n"
        "def softmax(x): return torch.softmax(as_tensor(x).requires_grad_(), -1)\n"
        "def transposed(x): return torch.softmax(as_tensor(x.T.copy()), 0).T\n"
    )
    for function in ("softmax", "transposed"):
        with Runner(find(f"{file}:{function}")) as mine, Runner(find("torch")) as theirs:
            for form in framework("torch").formats:
                answers = [one.ask("softmax", X, FORMATS[form]) for one in (mine, theirs)]
                assert np.allclose(answers[0].values, answers[1].values, rtol=0.01, equal_nan=True)
                assert answers[0].remarks == ()


def test_arrays_of_jax_of_a_users_function(tmp_path):
    file = tmp_path / "k.py"
    file.write_text("import jax\ndef softmax(x): return jax.nn.softmax(x, axis=-1)\n")
    with Runner(find(f"{file}:softmax")) as mine, Runner(find("jax")) as theirs:
        answers = [one.ask("softmax", X, FORMATS["bfloat16"]) for one in (mine, theirs)]
        assert np.array_equal(answers[0].values, answers[1].values)
        assert answers[0].remarks == ()


def test_an_unknown_framework_is_refused():
    with pytest.raises(OptionError, match="did you mean onnxruntime"):
        find("onxruntime")
