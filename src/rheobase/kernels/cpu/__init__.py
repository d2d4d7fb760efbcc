"""Kernels on the CPU: compiled by Numba once, kept as machine code on disk, run over ranges by threads."""
