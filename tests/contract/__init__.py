"""The contract holds for float64, too: JAX is told to keep it before any array is made."""

from __future__ import annotations

import jax

jax.config.update("jax_enable_x64", True)
