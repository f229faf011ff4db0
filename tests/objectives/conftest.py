"""A tokenizer of the texts that the pre-training objectives read, and the texts as shards with links."""

import json

import pytest
from corpus import DOCUMENTS, TEXTS

from medenc.core.artifact import writing
from medenc.models.folder import open_tokenizer
from medenc.steps.prepare import Prepare
from medenc.text.tokenizer import save_tokenizer, train_wordpiece


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_wordpiece([text.content for text in TEXTS], 300), folder)
    return folder


@pytest.fixture(scope="session")
def tokenizer(tokenizer_folder):
    return open_tokenizer(tokenizer_folder)


@pytest.fixture(scope="session")
def shards(tmp_path_factory, tokenizer_folder):
    """The folder of a corpus whose documents link to each other in a ring."""
    folder = tmp_path_factory.mktemp("shards")
    documents, terms = folder / "documents.jsonl", folder / "terms.tsv"
    documents.write_text("".join(json.dumps(document) + "\n" for document in DOCUMENTS))
    terms.write_text("C1\ten\ttype 2 diabetes\nC2\ten\tatrial fibrillation\n")
    step = Prepare(files=[documents], tokenizer=tokenizer_folder, terms=terms, max_tokens=40, links="explicit")
    with writing(folder / "shards", step.kind, options={}) as draft:
        step.run(draft)
    return folder / "shards"
