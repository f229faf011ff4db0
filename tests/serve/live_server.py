"""A server in a process of its own, with parts whose speed a test chooses: `python live_server.py '{"cost": 0.01}'`.

`cost` is the seconds that a text takes, `limits_` lowers bounds, `versions` is a file with the number of the version
that a reload opens, `keys` a file of keys, `index` and `terms` are folders of real ones, `touched` a file for the paths
that the server touches.
"""

import json
import os
import sys
import time
from pathlib import Path

from smallest import FirstLetter, LetterModel

from medenc.core.errors import MedencError
from medenc.runtime.reader import Extracts
from medenc.search.answer import Answer
from medenc.search.index import Index
from medenc.search.linker import Linker
from medenc.serve import limits
from medenc.serve.app import create_app
from medenc.serve.keys import read_keys
from medenc.serve.run import Place, serve
from medenc.serve.served import Served


class SlowLetters(LetterModel):
    """`LetterModel` that takes `cost` seconds a text; all numbers of a vector are the version's."""

    similarity_name = "dot"

    def __init__(self, cost, version):
        self.cost, self.version, self.fingerprint = cost, version, f"letters {version}"

    def embed(self, texts, as_=None, on_overflow="window"):
        time.sleep(self.cost * len(texts))
        embedded = super().embed(texts)
        embedded.vectors[:] = self.version
        return embedded


class SlowIndex:
    """Finds nothing, slowly; some queries fail."""

    modes = ("lexical",)

    def __init__(self, cost, version):
        self.cost, self.version = cost, version

    def info(self):
        return {"documents": 0, "version": self.version, "modes": ["lexical"]}

    def search_batch(self, queries, *, top, mode, where):
        time.sleep(self.cost * len(queries))
        if any(query.startswith("broken") for query in queries):
            raise ValueError(queries[0])
        return [Answer(f"{query} by {self.version}", "lexical", [], {}) for query in queries]

    def ask(self, question, top):
        return Extracts(question, [], 1.0)

    def document(self, id_):
        return None


CHANGES = ("mkdir", "rename", "remove", "rmdir", "link", "symlink", "truncate", "chmod", "utime", "listdir", "scandir")
TOUCHES = ("open", *(f"os.{name}" for name in CHANGES))


def watch(log):
    """Write every path down that Python code touches from now on."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(event, arguments):
        if event in TOUCHES and isinstance(arguments[0], str | bytes | os.PathLike):
            os.write(file, os.fsencode(arguments[0]).replace(b"\n", b" ") + b"\n")

    sys.addaudithook(note)


def main(cost=0.0, limits_=None, versions=None, keys=None, place=None, index=None, terms=None, touched=None):
    """Serve until a signal."""
    for name, value in (limits_ or {}).items():
        setattr(limits, name, value)

    def opened():
        version = int(Path(versions).read_text()) if versions else 1
        if version < 0:
            raise MedencError("this version is damaged", where=versions)
        return Served(
            Index.open(Path(index), lambda _: LetterModel()) if index else SlowIndex(cost, version),
            {"letters": SlowLetters(cost, version)},
            {"first-letter": FirstLetter()},
            dictionary=Linker(Path(terms), None) if terms else None,
            keys=read_keys(Path(keys)) if keys else None,
        )

    app = create_app(opened(), opened)
    if touched:
        watch(touched)
    serve(app, Place(port=0, **(place or {})))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
