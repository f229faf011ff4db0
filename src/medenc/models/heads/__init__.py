"""Plug-ins of the kind `head`: one file, one way from token vectors to numbers that a task decodes."""
