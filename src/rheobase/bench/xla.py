"""JAX's functions under jit."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch

from rheobase.bench.plan import BOTH, FORWARD, IN_PLACE
from rheobase.bench.work import Entries, Work, again, room, upstream_of
from rheobase.definition import Definition

jax.config.update("jax_platforms", "cpu")


def entries(definition: Definition) -> Entries:
    """jax.nn's function, if it has one."""
    function = function_of(definition)
    if function is None:
        return {}
    jitted, donated = jax.jit(function), jax.jit(function, donate_argnums=0)

    def forward(x: torch.Tensor) -> Work:
        return Work(lambda a: jitted(a).block_until_ready(), again(jnp.asarray(x.numpy())))

    def in_place(x: torch.Tensor) -> Work:
        given = jnp.asarray(x.numpy())

        def inputs(count: int) -> list[Any]:
            # an input that was given away is gone
            return jax.block_until_ready([given.copy() for _ in range(count)])

        return Work(lambda a: donated(a).block_until_ready(), inputs, most=room(x))

    def both(x: torch.Tensor) -> Work:
        given = jnp.asarray(x.numpy())
        upstream = jnp.asarray(upstream_of(torch.empty(jitted(given).shape)).numpy())
        gradient = jax.jit(partial(_value_and_gradient, function))

        def call(a: Any) -> Any:
            return jax.block_until_ready(gradient(a, upstream))

        return Work(call, again(given), read=lambda found: np.asarray(found[1]))

    return {FORWARD: forward, IN_PLACE: in_place, BOTH: both}


def function_of(definition: Definition) -> partial[Any] | None:
    """jax.nn's; None if it has none."""
    theirs = definition.jax
    return partial(getattr(jax.nn, theirs.function), **theirs.fixed) if theirs.function else None


def _value_and_gradient(function: Any, x: Any, upstream: Any) -> tuple[Any, Any]:
    value, pull = jax.vjp(function, x)
    return value, pull(upstream)[0]
