"""The command line: stdout is the result, stderr is progress, and a user's mistake is one line.

Every command imports what it needs when it runs, so that `--help` answers at once and needs neither torch nor an index.
"""

import os

# numpy's threads would wait for their next product by spinning, on the processors that the encoder needs by then
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # the shortest; read once, when numpy is imported

from medenc.cli import corpora, indexes, measuring, models, recipes, serving
from medenc.cli.app import app, main

__all__ = ["app", "corpora", "indexes", "main", "measuring", "models", "recipes", "serving"]
