"""What a model returns."""

from __future__ import annotations

from typing import Any

from torch import Tensor


def first_tensor(output: Any) -> Any:
    """The tensor, or the first of those, that a model returns."""
    while isinstance(output, tuple | list | dict) and output:
        output = next(iter(output.values())) if isinstance(output, dict) else output[0]
    return output


def place_of(output: Any) -> int:
    """Where in memory a model's output lies; 0 if it is no tensor."""
    tensor = first_tensor(output)
    return int(tensor.data_ptr()) if isinstance(tensor, Tensor) else 0
