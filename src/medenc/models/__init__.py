"""Encoders, their folders and their losses."""
