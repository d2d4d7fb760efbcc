"""How a loop walks over arrays of different shapes: which of them move with the element, which with the run."""

from __future__ import annotations

from functools import cache
from math import prod
from typing import NamedTuple

import numpy as np

from rheobase.kernels.cpu.loops import Shape

Dimensions = tuple[int, ...]


class Layout(NamedTuple):
    """A loop over `steps` elements, or over `steps` runs of `length` elements, as `kinds` needs it.

    Arguments of kind "array" have to be brought to the shape `full` first; "per_run" ones repeat after
    `period` runs.
    """

    full: Dimensions
    kinds: tuple[Shape, ...]
    steps: int
    length: int = 1
    period: int = 1


@cache
def arrange(shapes: tuple[Dimensions, ...]) -> Layout:
    """The layout for arguments of these shapes, broadcast as NumPy does; beside the first, one element is a number."""
    full = np.broadcast_shapes(*shapes)
    # the first is the input proper, which is brought to the full shape if it has not got it
    filled = [None, *(_filled(shape, full) for shape in shapes[1:])]
    small = next((block for block in filled if block), None)
    first, last = small or (0, 0)
    inner = prod(full[last:])
    run: Shape = "in_run" if inner == 1 else "per_run"
    kinds = tuple(_kind(k, shape, small is not None and filled[k] == small, run) for k, shape in enumerate(shapes))
    if small is None:
        return Layout(full, kinds, prod(full))
    if inner == 1:
        return Layout(full, kinds, prod(full[:first]), prod(full[first:last]))
    return Layout(full, kinds, prod(full[:last]), inner, prod(full[first:last]))


def _filled(shape: Dimensions, full: Dimensions) -> tuple[int, int] | None:
    """The dimensions of `full` that an argument fills, if they are neighbours, and neither none nor all of them."""
    padded = (1,) * (len(full) - len(shape)) + shape
    places = [k for k, size in enumerate(padded) if size != 1]
    if not places or padded == full or places[-1] - places[0] + 1 != len(places):
        return None
    return places[0], places[-1] + 1


def _kind(place: int, shape: Dimensions, is_small: bool, run: Shape) -> Shape:
    if prod(shape) == 1 and place > 0:
        return "number"
    return run if is_small else "array"
