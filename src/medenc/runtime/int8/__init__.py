"""Graphs in 8-bit integers: made from float32 ones, accepted by their decisions, kept only where they are faster."""
