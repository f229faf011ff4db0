"""Measuring on the machine at hand: our paths, and others beside them."""
