"""Plug-ins of the kind `backend`: one file, one way to run an exported encoder."""
