"""Records of the field, the readers that make them, and what may not leak between splits."""
