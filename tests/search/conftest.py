import shutil

import pytest
from search_material import MODEL, PASSAGES, HashedWords

from medenc.search.index import Index
from medenc.text.analyzer import Analyzer


@pytest.fixture(scope="session")
def analyzer():
    return Analyzer(["고혈압", "당뇨병", "糖尿病", "二甲双胍"])


@pytest.fixture(scope="session")
def index(tmp_path_factory, analyzer):
    """A lexical index of the passages, to read."""
    made = Index.create(tmp_path_factory.mktemp("index") / "index", analyzer)
    made.add(PASSAGES)
    return made


@pytest.fixture(scope="session")
def dense_index(tmp_path_factory, analyzer):
    """An index of the passages with vectors, to read."""
    made = Index.create(tmp_path_factory.mktemp("index") / "dense", analyzer, MODEL, lambda path: HashedWords())
    made.add(PASSAGES)
    return made


@pytest.fixture
def own_index(tmp_path, index):
    """A copy of the lexical index, to change."""
    return Index.open(shutil.copytree(index.path, tmp_path / "index"))


@pytest.fixture
def own_dense_index(tmp_path, dense_index):
    """A copy of the index with vectors, to change."""
    return Index.open(shutil.copytree(dense_index.path, tmp_path / "dense"), lambda path: HashedWords())
