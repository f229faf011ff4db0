"""Transforms, one a file: records made of records."""
