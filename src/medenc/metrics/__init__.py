"""Measures, and how sure one can be of them."""
