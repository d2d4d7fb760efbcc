"""Activation functions and their slopes in float32, written in the kernel language."""
