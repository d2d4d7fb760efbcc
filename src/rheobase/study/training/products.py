"""Products of many small matrices, by NumPy's OpenBLAS.

It uses the widest vectors that a processor has; PyTorch's MKL does on Intel's, and AVX2 on others.

Where it has kernels for small products, it multiplies those with factors as they lie; of larger ones it first copies
both into another order, which takes a quarter of the time of products of some hundred rows. So these are cut into
pieces that are small.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from threadpoolctl import threadpool_info

Tensor = torch.Tensor

#: Processors, as OpenBLAS calls them, for which it has kernels for small products.
WITH_SMALL = {"SkylakeX", "Cooperlake", "SapphireRapids"}
#: Multiplications of a small product, at most: sgemm_small_kernel_permit_skylakex.c of OpenBLAS.
SMALL = 100**3
#: A second factor of no more columns, or of no more numbers, stays at hand while the pieces of the first pass by.
FEW_COLUMNS, FEW = 64, 2**13
#: Rows of a piece, at least.
LEAST_ROWS = 8


@np.errstate(all="ignore")
def product(left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """left @ right, matrix by matrix."""
    members, rows, inner = left.shape
    columns = right.shape[2]
    out = torch.empty(members, rows, columns, dtype=left.dtype) if out is None else out
    a, b, c = left.numpy(), right.numpy(), out.numpy()
    count = pieces(rows, inner, columns)
    if inner * columns <= FEW and has_small():
        # of a factor that lies the other way there is no fast kernel
        b = np.ascontiguousarray(b)
    if count == 1:
        np.matmul(a, b, out=c)
    else:
        size = rows // count
        np.matmul(a.reshape(members, count, size, inner), b[:, None], out=c.reshape(members, count, size, columns))
    return out


@np.errstate(all="ignore")
def row_sums(matrices: Tensor, out: Tensor) -> None:
    """Write the sum of each row, matrix by matrix, into `out`: a product with ones is the fastest way to it."""
    numbers = matrices.numpy()
    np.matmul(numbers, np.ones(numbers.shape[2], numbers.dtype), out=out.numpy())


@cache
def pieces(rows: int, inner: int, columns: int) -> int:
    """In how many equal pieces of the first factor's rows a product is fastest."""
    if not has_small() or (columns > FEW_COLUMNS and inner * columns > FEW):
        return 1
    sizes = (n for n in range(1, rows // LEAST_ROWS + 1) if rows % n == 0 and rows * inner * columns <= n * SMALL)
    return next(sizes, 1)


@cache
def has_small() -> bool:
    """Whether NumPy's OpenBLAS has kernels for small products on this processor."""
    own = [lib for lib in threadpool_info() if lib["user_api"] == "blas" and "numpy" in lib["filepath"]]
    return any(lib.get("architecture") in WITH_SMALL for lib in own)
