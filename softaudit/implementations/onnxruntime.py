"""ONNX Runtime on the CPU: models of one node, Softmax, LogSoftmax and ReduceLogSumExp (opset 13).

On the CPU there are no kernels for bfloat16 and float8: the session refuses the model, or the
operator the type.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from softaudit.implementations.model import CPU, Framework, Loaded

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAMEWORK = Framework(
    needs=("onnxruntime", "onnx"),
    formats=("float16", "float32", "float64"),
)

_OPSET = 13
_IR_VERSION = 8
"""Of the file format: that of the opset's time, which every later runtime reads."""

_NODES: dict[str, tuple[str, dict[str, Any]]] = {
    "softmax": ("Softmax", {"axis": -1}),
    "log_softmax": ("LogSoftmax", {"axis": -1}),
    "logsumexp": ("ReduceLogSumExp", {"axes": [-1], "keepdims": 0}),
}


def load(device: str, threads: int | None) -> Loaded:  # noqa: ARG001 -- the CPU's kernels alone
    """Import ONNX Runtime."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    if threads is not None:
        options.intra_op_num_threads = threads

    @cache
    def session(function: str, form: str) -> Any:
        return onnxruntime.InferenceSession(
            model(function, form), options, providers=["CPUExecutionProvider"]
        )

    def call(function: str, x: NDArray[Any]) -> Any:
        return session(function, x.dtype.name).run(None, {"x": x})[0]

    return Loaded(onnxruntime.__version__, CPU, call)


def model(function: str, form: str) -> bytes:
    """Build the model of one node that computes a function of rows in a format."""
    from onnx import TensorProto, helper

    types = {"float16": TensorProto.FLOAT16, "float32": TensorProto.FLOAT,
             "float64": TensorProto.DOUBLE, "bfloat16": TensorProto.BFLOAT16,
             "float8_e4m3fn": TensorProto.FLOAT8E4M3FN,
             "float8_e5m2": TensorProto.FLOAT8E5M2}  # fmt: skip
    operator, attributes = _NODES[function]
    x, y = (helper.make_tensor_value_info(name, types[form], None) for name in ("x", "y"))
    node = helper.make_node(operator, ["x"], ["y"], **attributes)
    graph = helper.make_graph([node], function, [x], [y])
    opset = [helper.make_opsetid("", _OPSET)]
    made = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)
    written: bytes = made.SerializeToString()
    return written
