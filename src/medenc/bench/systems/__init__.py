"""Plug-ins of the kind `system`: a program that turns texts into vectors."""
