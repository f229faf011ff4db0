"""Texts that a model does not read at once."""

from medenc.evaluation import windows


def test_prompts_count_and_so_do_special_tokens(tmp_path):
    from medenc.core.artifact import writing
    from medenc.text.tokenizer import save_tokenizer, train_wordpiece

    facts = {"pooling": "cls", "normalize": True, "similarity": "cosine", "max_tokens": 5, "dimension": 4}
    with writing(tmp_path / "model", "model", options={}) as draft:
        save_tokenizer(train_wordpiece(["a b c d e f"], 100), draft.folder)
        (draft.folder / "config.json").write_text('{"pad_token_id": 0}')
        draft.facts["model"] = facts | {"prompts": {"query": "q ", "passage": ""}}
    too_long = windows.too_long(tmp_path / "model")
    assert too_long(["a b", "a b c"], ["a b c", "a b c d"]) == ([False, True], [False, True])
    assert too_long([], []) == ([], [])
