"""Formulas: reading them, differentiating them without losing their tails, and the exact reference."""
