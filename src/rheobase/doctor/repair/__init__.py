"""Remedies that are carried out without a person."""
