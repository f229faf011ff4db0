"""Keys: who may ask what, decided before the body is read."""

import hashlib
import json

import anyio
import pytest
from fastapi.testclient import TestClient

from medenc.core.errors import MedencError
from medenc.serve.access import needed
from medenc.serve.app import create_app
from medenc.serve.errors import HEADERS
from medenc.serve.keys import Keys, add_key, may, read_keys, remove_key
from medenc.serve.served import Served

EVERYBODY = ("/", "/livez", "/readyz", "/static/page.js")
ROLES = {
    "/metrics": "admin",
    "/v1/reload": "write",
    "/v1/search": "read",
    "/v1/ask": "read",
    "/v1/link": "read",
    "/v1/predict/{name}": "read",
    "/v1/similarity": "read",
    "/v1/embeddings": "read",
    "/v1/info": "read",
    "/v1/document/{id}": "read",
    "/v1/map": "read",
    "/v1/numbers": "read",
    "/openapi.json": "read",
    "/nowhere": "read",
    "/docs": "read",
    "//v1/search": "read",
    "/static": "read",
    "/static/../v1/info": None,
    "/staticv1/info": "read",
    "/livez/": "read",
    "/livez%2f..%2fv1/info": "read",
}


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    return file, {role: add_key(file, role, role) for role in ("read", "write", "admin")}


@pytest.fixture(scope="module")
def app(tokens, served):
    return create_app(Served(**{**served.__dict__, "keys": read_keys(tokens[0])}))


def bad(key):
    """Credentials that are none."""
    return {
        "none": [],
        "empty": [(b"authorization", b"")],
        "scheme alone": [(b"authorization", b"Bearer")],
        "wrong": [(b"authorization", b"Bearer medenc-" + b"A" * 43)],
        "beginning": [(b"authorization", f"Bearer {key[:-1]}".encode())],
        "longer": [(b"authorization", f"Bearer {key}A".encode())],
        "other case": [(b"authorization", f"Bearer {key.swapcase()}".encode())],
        "other scheme": [(b"authorization", f"Basic {key}".encode())],
        "digest": [(b"authorization", f"Bearer {hashlib.sha256(key.encode()).hexdigest()}".encode())],
        "other header": [(b"x-api-key", key.encode())],
        "two keys": [(b"authorization", f"Bearer {key} {key}".encode())],
        "not ASCII": [(b"authorization", b"Bearer \xff\xfe")],
    }


def answered(app, path, headers, method="POST"):
    """Status, headers and how often the body was asked for, at the level of ASGI."""
    asked, sent = [], []

    async def receive():
        asked.append(1)
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"example.org"), (b"content-type", b"application/json"), *headers],
        "client": ("192.0.2.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    anyio.run(app, scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, len(asked)


def test_every_route_has_a_role(app):
    """A new route that nobody thought of fails here; it needs a key all the same."""
    with TestClient(app) as client:
        known = client.app.openapi()["paths"]
    assert set(known) <= {*ROLES, *EVERYBODY}
    for path, role in ROLES.items():
        assert needed(path) == role, path


@pytest.mark.parametrize("path", [path for path, role in ROLES.items() if role])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "TRACE"])
def test_bad_credentials_go_no_further_and_their_body_stays_unread(app, tokens, path, method):
    """Seen to fail when the body was read first, and when the path `/static` let anything pass that begins so."""
    _, keys = tokens
    for name, headers in bad(keys["admin"]).items():
        status, found, asked = answered(app, path, headers, method)
        assert (status, asked) == (401, 0), name
        assert HEADERS.items() <= found.items()
        assert found["connection"] == "close"
        assert found["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/metrics", "/v1/reload"])
def test_a_key_of_a_lesser_role_is_refused_unread(app, tokens, path):
    status, _, asked = answered(app, path, [(b"authorization", f"Bearer {tokens[1]['read']}".encode())])
    assert (status, asked) == (403, 0)


@pytest.mark.parametrize("path", ["/v1/info", "/v1/numbers", "/v1/map", "/openapi.json", "/metrics"])
def test_the_right_key_opens(app, tokens, path):
    with TestClient(app, base_url="http://notes.hospital.example") as client:  # under any name: keys protect
        key = tokens[1]["admin" if path == "/metrics" else "read"]
        assert client.get(path, headers={"authorization": f"bearer {key}"}).status_code == 200
        assert client.get(path, params={"api_key": key}).status_code == 401


@pytest.mark.parametrize("path", EVERYBODY)
def test_the_page_and_the_health_need_no_key(app, path):
    with TestClient(app) as client:
        assert client.get(path).status_code == 200


def test_a_removed_key_is_refused_after_a_reload(tmp_path):
    file = tmp_path / "keys.json"
    kept, removed = add_key(file, "kept", "write"), add_key(file, "gone", "read")
    app = create_app(Served(keys=read_keys(file)), lambda: Served(keys=read_keys(file)))
    with TestClient(app) as client:
        mine = {"authorization": f"Bearer {removed}"}
        assert client.get("/v1/info", headers=mine).status_code == 200
        remove_key(file, "gone")
        assert client.post("/v1/reload", headers={"authorization": f"Bearer {kept}"}).status_code == 200
        assert client.get("/v1/info", headers=mine).status_code == 401


def test_the_file_holds_no_key_and_is_the_owners_alone(tmp_path):
    file = tmp_path / "keys.json"
    token = add_key(file, "ward-3", "read")
    assert token not in file.read_text()
    assert len(token) == len("medenc-") + 43  # 256 bits
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["keys"][0]["role"] == "read"
    assert read_keys(file).role_of(token) == "read"


def test_a_file_that_others_may_read_is_refused(tmp_path):
    file = tmp_path / "keys.json"
    add_key(file, "ward-3", "read")
    file.chmod(0o644)
    with pytest.raises(MedencError, match="chmod 600"):
        read_keys(file)


@pytest.mark.parametrize("name", ["", "../a", "A", "a b", "a" * 65, "HONG"])
def test_names_are_plain(tmp_path, name):
    with pytest.raises(MedencError, match="name"):
        add_key(tmp_path / "keys.json", name, "read")


def test_mistakes_with_keys_are_named(tmp_path):
    file = tmp_path / "keys.json"
    add_key(file, "ward-3", "read")
    with pytest.raises(MedencError, match="there is a key of the name ward-3"):
        add_key(file, "ward-3", "admin")
    with pytest.raises(MedencError, match="no key of the name ward-4"):
        remove_key(file, "ward-4")
    remove_key(file, "ward-3")
    with pytest.raises(MedencError, match="there is no key in it"):
        read_keys(file)


def test_every_key_is_compared(monkeypatch):
    """Seen to fail with a look-up: the time of an answer must not say how much of a key is right."""
    compared = []
    monkeypatch.setattr("hmac.compare_digest", lambda sent, known: compared.append(known) or sent == known)
    digests = [hashlib.sha256(token.encode()).hexdigest() for token in "abc"]
    keys = Keys.parse({"keys": [{"name": f"k{d[:5]}", "role": "read", "sha256": d} for d in digests]}, "keys")
    assert keys.role_of("a") == "read"
    assert compared == digests


def test_roles_are_a_ladder():
    assert [[may(held, wanted) for wanted in ("read", "write", "admin")] for held in ("read", "write", "admin")] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
