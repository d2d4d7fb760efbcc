"""The experiments: each is one function that takes a seed and returns numbers, and can be read and run by itself.

>>> from rheobase.claims.experiments.shape import largest_slope
>>> largest_slope("sigmoid").numbers["largest slope"]
0.25
"""
