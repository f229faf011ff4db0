"""Readers, one a file: each turns one format into records."""
