"""Steps, one a file: each reads finished folders and writes one."""
