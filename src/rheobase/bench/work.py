"""What is timed: a call, and the inputs it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rheobase.bench.plan import Pass
from rheobase.definition import Definition

#: Elements of all the inputs that are overwritten in one visit: they have to stay in the cache.
BANK = 1 << 18
#: The length of a row for functions of a row.
COLUMNS = 1024


@dataclass(frozen=True, slots=True)
class Work:
    """One contestant's work at one size in one pass.

    `inputs(count)` prepares, untimed, what `call` is given one after the other: at most `most` of them.
    `read` makes an array of what a call returned. All happens within `setting()`.
    """

    call: Callable[[Any], Any]
    inputs: Callable[[int], Sequence[Any]]
    most: int = 1 << 16
    read: Callable[[Any], NDArray[Any]] = np.asarray
    setting: Callable[[], AbstractContextManager[Any]] = nullcontext


#: From the input at one size to the work there.
Entry = Callable[[torch.Tensor], Work]
#: What a contestant can do with a function, by pass.
Entries = Mapping[Pass, Entry]


def sample(definition: Definition, size: int) -> torch.Tensor:
    """The same normal(0, 3) numbers at every call; in rows if the function is one of rows."""
    x = torch.randn(size, generator=torch.Generator().manual_seed(0)) * 3
    if definition.kind == "elementwise":
        return x
    # halves and groups need an even number
    columns = min(COLUMNS, size // 2 * 2)
    return x[: size // columns * columns].reshape(-1, columns)


def upstream_of(y: torch.Tensor) -> torch.Tensor:
    """The gradient that arrives at an output of this shape, the same at every call."""
    return torch.randn(y.shape, generator=torch.Generator().manual_seed(1))


def again(*given: Any) -> Callable[[int], Sequence[Any]]:
    """The same input for every call."""
    return lambda count: given * count


def room(x: torch.Tensor) -> int:
    """How many inputs like `x` are overwritten in one visit."""
    return max(1, BANK // x.numel())
