"""Plug-ins of the kind `task`: one file, one kind of question that a model answers."""
