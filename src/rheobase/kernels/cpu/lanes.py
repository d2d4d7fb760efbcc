"""How many numbers row kernels take at a time; a module that costs nothing to import."""

from __future__ import annotations

#: Lanes of every vector. Rows are summed in so many parts, on every machine.
LANES = 32
#: Numbers that are converted at a time where arrays are of another format than the arithmetic.
CHUNK = 512
