"""Hooks → plain numbers, without changing what the network computes."""
