"""Whatever a request says: no file is touched for it, and nothing of it is written anywhere."""

import http.client
import json
import re
import unicodedata
from itertools import product
from pathlib import Path
from urllib.parse import quote

import pytest
from live import Live
from parameters import requests

from medenc.serve.app import STATIC

SECRET = "the text of a file outside"
ENCODERS = [
    str,
    quote,
    lambda path: quote(path, safe=""),
    lambda path: quote(quote(path, safe=""), safe=""),
    lambda path: path.replace(".", "%2e"),
    lambda path: path.replace("/", "%2f"),
    lambda path: path.replace("/", "%c0%af"),
    lambda path: path.replace("../", "....//"),
    lambda path: path.replace("/", "\\"),
    lambda path: f"file://{path}",
    lambda path: f"{path}\0.json",
    lambda path: f"$(cat {path})/./*",
]


def paths(secret):
    """60 ways to name a file that is none of the server's."""
    up = "../" * 12
    targets = [str(secret), up + str(secret)[1:], "/etc/passwd", f"{up}proc/self/environ", "../../keys.py"]
    return [encode(target) for encode, target in product(ENCODERS, targets)]


def ask(server, text):
    """Send every request with the text; the status and body of each answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for method, path, body, headers in requests(text):
        content = None if body is None else json.dumps(body)
        kind = {} if body is None else {"content-type": "application/json"}
        connection.request(method, path, content, {"host": "localhost", **kind, **headers})
        answer = connection.getresponse()
        yield answer.status, answer.read().decode()
    connection.close()


@pytest.fixture(scope="module")
def watched(served, tmp_path_factory):
    """A server that writes down which files it touches, the file with them, and a file that is none of its own."""
    folder = tmp_path_factory.mktemp("outside")
    secret = folder / "secret.txt"
    secret.write_text(SECRET)
    own = {"index": str(served.index.path), "terms": str(served.dictionary.path)}
    with Live(**own, touched=str(folder / "touched")) as server:
        for _ in ask(server, "warm"):  # modules, the types of files: what is touched once for any text
            pass
        yield server, folder / "touched", secret, [*own.values(), str(STATIC)]


def outside(touched, roots, before):
    """Files that were touched since, and are not the server's own."""
    lines = touched.read_text("utf-8", "surrogateescape").splitlines()
    return {line for line in lines[before:] if not line.startswith(tuple(roots))} - set(lines[:before])


def touches_nothing(watched, share):
    server, touched, secret, roots = watched
    before, answers = len(touched.read_text("utf-8", "surrogateescape").splitlines()), 0
    for path in paths(secret)[::share]:
        for status, body in ask(server, path):
            assert status < 500, path
            assert SECRET not in body
            assert "root:" not in body
            answers += 1
    assert outside(touched, roots, before) == set()
    return answers


def test_no_text_is_ever_a_path(watched):
    """Seen to fail when a document's id was looked for in a folder first."""
    assert len(paths(Path("/a"))) == 60
    touches_nothing(watched, share=7)


@pytest.mark.slow
def test_no_text_is_ever_a_path_in_60_ways(watched):
    print(f"{touches_nothing(watched, share=1)} requests, 0 files touched outside")


NAMES = ["홍길동", "金敏洙", "Hong Gildong", "Dr. O'Neill-Müller", "王小明"]
CANARIES = [f"{name} 800101-{1_234_567 + 7 * n} MRN{n:06}" for n, name in enumerate(NAMES * 10)]
MARKS = re.compile(r"800101-\d{7}|MRN\d{6}|" + "|".join(NAMES))


def writes_nothing(canaries, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with Live(environment={"TMPDIR": str(temporary)}) as server:
        for text in canaries:
            for form in (text, unicodedata.normalize("NFD", text)):
                for status, _ in ask(server, form):
                    assert status < 500
        assert 500 in {status for status, _ in ask(server, f"broken {canaries[0]}")}  # a failure that is written down
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", "/metrics", headers={"host": "localhost"})
        metrics = connection.getresponse().read().decode()
        process = "".join(Path(f"/proc/{server.process.pid}/{name}").read_text() for name in ("cmdline", "comm"))
        code, said = server.stop()
    kept = [path.read_text("utf-8", "replace") for path in temporary.rglob("*") if path.is_file()]
    assert code == 0
    assert "ValueError" in said
    for written in (said, metrics, process, *kept):
        assert MARKS.search(unicodedata.normalize("NFC", written)) is None


def test_no_patient_in_what_is_written(tmp_path):
    """Seen to fail with a log that holds the message of an error."""
    writes_nothing(CANARIES[:2], tmp_path)


@pytest.mark.slow
def test_no_patient_of_50_in_what_is_written(tmp_path):
    writes_nothing(CANARIES, tmp_path)
    print(f"{len(CANARIES)} patients, 2 forms, every parameter: 0 in log, metrics, temporary files, process")
