"""Objectives, one a file: each shapes an encoder."""
