"""ONNX's operators, run by ONNX Runtime; they have no backward pass."""

from __future__ import annotations

from typing import Any

import onnxruntime  # type: ignore[import-untyped]
import torch
from onnx import ModelProto, TensorProto, defs, helper
from onnxruntime.capi.onnxruntime_pybind11_state import (  # type: ignore[import-untyped]
    Fail,
    InvalidGraph,
    NotImplemented,
)

from rheobase.bench.plan import FORWARD, IN_PLACE
from rheobase.bench.work import Entries, Work, again
from rheobase.definition import Definition


def entries(definition: Definition) -> Entries:
    """ONNX's operator, if it has one and this ONNX Runtime knows it."""
    if not definition.onnx.function:
        return {}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    text = model(definition).SerializeToString()
    try:
        session = onnxruntime.InferenceSession(text, options, providers=["CPUExecutionProvider"])
    except (Fail, InvalidGraph, NotImplemented):  # how an older one says that an operator is too new for it
        return {}

    def forward(x: torch.Tensor) -> Work:
        given = {"x": onnxruntime.OrtValue.ortvalue_from_numpy(x.numpy())}
        return Work(lambda v: session.run_with_ort_values(["y"], v), again(given), read=lambda r: r[0].numpy())

    def into(x: torch.Tensor) -> Work:
        target = onnxruntime.OrtValue.ortvalue_from_shape_and_type(list(x.shape), x.numpy().dtype)
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(x.numpy()))
        binding.bind_ortvalue_output("y", target)
        return Work(session.run_with_iobinding, again(binding), read=lambda _: target.numpy())

    return {FORWARD: forward, IN_PLACE: into}


def model(definition: Definition) -> ModelProto:
    """The smallest graph with the function's operator, in the oldest version that has it as it is now."""
    theirs = definition.onnx
    schema = defs.get_schema(theirs.function)
    ours = {theirs.arguments.get(name, name): value for name, value in definition.defaults.items()}
    given: dict[str, Any] = {**ours, **theirs.fixed}
    attributes: dict[str, Any] = {name: value for name, value in given.items() if name in schema.attributes}
    # what is no attribute is a further input
    rest = [i.name for i in schema.inputs[1:] if i.name in given]
    numbers = [helper.make_tensor(k, TensorProto.FLOAT, _shape(theirs.function), [given[k]]) for k in rest]
    node = helper.make_node(theirs.function, ["x", *rest], ["y"], **attributes)
    of_any_shape: Any = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, _dimensions(definition)) for name in ("x", "y")
    ]
    graph = helper.make_graph([node], definition.name, of_any_shape[:1], of_any_shape[1:], numbers)
    version = helper.make_opsetid("", schema.since_version)
    return helper.make_model(graph, opset_imports=[version], ir_version=helper.find_min_ir_version_for([version]))


def _shape(operator: str) -> list[int]:
    """Clip takes numbers; a slope of PRelu has to broadcast against the input."""
    return [] if operator == "Clip" else [1]


def _dimensions(definition: Definition) -> list[str]:
    return ["rows", "columns"] if definition.kind == "row" else ["elements"]
