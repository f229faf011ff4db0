"""Tiny checkpoints of the four families, as other programs write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    AlbertConfig,
    AlbertModel,
    BertConfig,
    BertModel,
    ElectraConfig,
    ElectraModel,
    PreTrainedModel,
    RobertaConfig,
    RobertaModel,
    RobertaTokenizerFast,
)

from medenc.text.tokenizer import save_tokenizer, train_wordpiece

TEXTS = (
    "고혈압 환자는 혈압을 매일 재고 기록한다. 짠 음식을 줄이면 혈압이 내려간다.",
    "二甲双胍是治疗2型糖尿病的一线药物。服药期间应定期检查肾功能。",
    "Amlodipine lowers blood pressure. Ankle swelling is its most frequent side effect.",
    "당뇨병",
    "糖尿病的症状",
    "What is HbA1c?",
)
SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "initializer_range": 0.2,  # BERT's 0.02 would make all texts of so small a model alike
}
FAMILIES: dict[str, Callable[[int], PreTrainedModel]] = {
    "bert": lambda rows: BertModel(BertConfig(vocab_size=rows, **SHAPE)),
    "electra": lambda rows: ElectraModel(ElectraConfig(vocab_size=rows, embedding_size=16, **SHAPE)),
    "albert": lambda rows: AlbertModel(AlbertConfig(vocab_size=rows, embedding_size=16, pad_token_id=0, **SHAPE)),
    "roberta": lambda rows: RobertaModel(RobertaConfig(vocab_size=rows, pad_token_id=1, **SHAPE)),
}


def write_checkpoint(family: str, folder: Path, seed: int = 0) -> Path:
    """A checkpoint with random weights and its tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = _write_bpe(folder) if family == "roberta" else _write_wordpiece(folder)
    torch.manual_seed(seed)
    FAMILIES[family](rows).save_pretrained(folder)
    return folder


def _write_wordpiece(folder: Path) -> int:
    tokenizer = train_wordpiece(TEXTS * 3, 300)
    save_tokenizer(tokenizer, folder)
    return int(tokenizer.get_vocab_size())


def _write_bpe(folder: Path) -> int:
    learner = ByteLevelBPETokenizer()
    learner.train_from_iterator(
        TEXTS * 3, 400, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], show_progress=False
    )
    learner.save_model(str(folder))
    tokenizer = RobertaTokenizerFast(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"))
    tokenizer.save_pretrained(folder)
    return len(tokenizer)
