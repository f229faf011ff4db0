"""A tokenizer of the texts that the pre-training objectives read."""

import pytest
from corpus import TEXTS

from medenc.models.folder import open_tokenizer
from medenc.text.tokenizer import save_tokenizer, train_wordpiece


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_wordpiece([text.content for text in TEXTS], 300), folder)
    return open_tokenizer(folder)
