import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from smallest import LetterModel, WordIndex

import medenc
from medenc.serve.app import create_app

PASSAGES = Path(medenc.__file__).parent / "sample" / "corpus.jsonl"


@pytest.fixture(scope="session")
def word_index():
    return WordIndex([json.loads(line) for line in PASSAGES.read_text("utf-8").splitlines()])


@pytest.fixture(scope="session")
def app(word_index):
    return create_app(word_index, {"letters": LetterModel()})


@pytest.fixture(scope="session")
def client(app):
    with TestClient(app, base_url="http://127.0.0.1:8765", raise_server_exceptions=False) as client:
        yield client
