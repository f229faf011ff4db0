"""Model folders: what plain transformers, sentence-transformers and medenc all load to the same vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from medenc.core.artifact import MANIFEST
from medenc.core.errors import MedencError
from medenc.core.files import read_json, write_json
from medenc.models.encoder import Contract, Encoder, Model, Towers, from_checkpoint
from medenc.models.pretraining import piece_biases
from medenc.models.probes import TEXTS
from medenc.models.quiet import quiet
from medenc.models.vocabulary import Move
from medenc.models.weights import check_whole

TOWERS = ("query", "passage")
HEADS = "heads.safetensors"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
_OTHER = "sentence_transformers."  # class paths that every release of sentence-transformers resolves


def open_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The fast tokenizer of a model or tokenizer folder. Raises: MedencError when there is none."""
    here = folder / TOWERS[0] if (folder / TOWERS[0]).is_dir() else folder
    if not any((here / name).is_file() for name in (*TOKENIZER_FILES, "vocab.json", "spiece.model")):
        raise MedencError("no tokenizer in this folder", where=folder, hint="name one with `tokenizer`")
    tokenizer = AutoTokenizer.from_pretrained(here, local_files_only=True, trust_remote_code=False)
    if not tokenizer.is_fast:
        raise MedencError("the tokenizer has no fast form", where=folder, hint="expected tokenizer.json")
    return tokenizer


def open_model(folder: Path, *, dropout: float | None = None, **changes: Any) -> Model:
    """The encoder, or the two towers, of a folder: medenc's own, sentence-transformers', or a bare checkpoint.

    Args:
        folder: where it is.
        dropout: replaces the checkpoint's probability when given.
        changes: fields of the contract to change for a new model.
    """
    contract = Contract.parse(read_contract(folder).model_dump() | changes, str(folder))
    if (folder / TOWERS[0]).is_dir():
        query, passage = (from_checkpoint(folder / name, contract, dropout) for name in TOWERS)
        return Towers(query, passage)
    return from_checkpoint(folder, contract, dropout)


def read_contract(folder: Path) -> Contract:
    """Pooling, normalisation, similarity and length of a folder; CLS and cosine for a bare checkpoint."""
    if (folder / MANIFEST).is_file() and "model" in (manifest := read_json(folder / MANIFEST)):
        known = {key: value for key, value in manifest["model"].items() if key in Contract.model_fields}
        return Contract.parse(known, str(folder / MANIFEST))
    folder = folder / TOWERS[0] if (folder / TOWERS[0]).is_dir() else folder
    return _foreign_contract(folder) if (folder / "modules.json").is_file() else Contract()


def write_model(model: Model, tokenizer: PreTrainedTokenizerFast, folder: Path) -> dict[str, Any]:
    """Write `model` into `folder` and return the facts its manifest must carry under "model".

    `probes.json` holds 64 fixed texts and their vectors, by which any backend can be checked later.
    """
    if isinstance(model, Towers):
        for name in TOWERS:
            _write_encoder(getattr(model, name), tokenizer, folder / name, name)
    else:
        _write_encoder(model, tokenizer, folder, "passage")
    return {
        **model.contract.model_dump(),
        "dimension": model.dimension,
        "towers": isinstance(model, Towers),
        "lowercase": tokenizer.tokenize("HBA") == tokenizer.tokenize("hba"),
    }


def write_heads(heads: nn.Module, folder: Path) -> None:
    """Write what was trained beside the encoder, so that a later run can go on with it."""
    save_file({name: value.contiguous() for name, value in heads.state_dict().items()}, folder / HEADS)


def read_heads(heads: nn.Module, folder: Path, change: Move | None = None, *, buffers: bool = True) -> bool:
    """Fill `heads` from a folder, through a change of vocabulary where there is one.

    Args:
        buffers: also what is not trained, such as the numbers of a task's own tokens; a run that goes on with another
            tokenizer has its own.

    Returns: False, and nothing is changed, when the folder has none of the same names and shapes.
    """
    if not (folder / HEADS).is_file():
        return False
    check_whole(folder / HEADS)
    saved, own = load_file(folder / HEADS), heads.state_dict()
    if change:
        saved |= {name: change.means(saved[name]) for name in piece_biases(heads) & saved.keys()}
    if {name: value.shape for name, value in saved.items()} != {name: value.shape for name, value in own.items()}:
        return False
    if not buffers:
        saved |= {name: value for name, value in own.items() if name not in dict(heads.named_parameters())}
    heads.load_state_dict(saved)
    return True


@torch.inference_mode()
def encode(encoder: Encoder, tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> np.ndarray:
    """Vectors (n, dimension) in float32, texts cut at the contract's length; for probes and checks."""
    device = next(encoder.parameters()).device
    encoder.eval()
    batch = tokenizer(
        list(texts),
        padding=True,
        truncation=True,
        max_length=encoder.contract.max_tokens,
        return_tensors="pt",
        return_token_type_ids=False,
    )
    return encoder(**{name: tensor.to(device) for name, tensor in batch.items()}).float().cpu().numpy()


def _write_encoder(encoder: Encoder, tokenizer: PreTrainedTokenizerFast, folder: Path, side: str) -> None:
    with quiet():
        encoder.backbone.save_pretrained(folder)
    tokenizer.model_max_length = encoder.contract.max_tokens
    tokenizer.save_pretrained(folder)
    _write_special_tokens(tokenizer, folder)
    _write_sentence_transformers(encoder, folder)
    prompted = [encoder.contract.prompts.get(side, "") + text for text in TEXTS]
    vectors = [[float(f"{x:.8g}") for x in vector] for vector in encode(encoder, tokenizer, prompted)]
    write_json(folder / "probes.json", {"texts": prompted, "vectors": vectors})


def _write_special_tokens(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    names: Mapping[str, Any] = tokenizer.special_tokens_map
    write_json(folder / "special_tokens_map.json", {key: str(value) for key, value in names.items()})


def _write_sentence_transformers(encoder: Encoder, folder: Path) -> None:
    """The files by which sentence-transformers repeats our pooling and normalisation.

    It knows no `pooler` and then refuses the folder; without these files it would take the mean instead.
    """
    contract = encoder.contract
    modules = [("", "Transformer"), ("1_Pooling", "Pooling")]
    write_json(folder / "1_Pooling" / "config.json", _pooling_config(encoder))
    if contract.normalize:
        modules.append(("2_Normalize", "Normalize"))
        (folder / "2_Normalize").mkdir()
    write_json(
        folder / "modules.json",
        [
            {"idx": number, "name": str(number), "path": path, "type": f"{_OTHER}models.{name}"}
            for number, (path, name) in enumerate(modules)
        ],
    )
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": contract.max_tokens, "do_lower_case": False})
    similarity = {"l2": "euclidean"}.get(contract.similarity, contract.similarity)
    write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": contract.prompts, "default_prompt_name": None, "similarity_fn_name": similarity},
    )


def _pooling_config(encoder: Encoder) -> dict[str, Any]:
    """Old releases read the flags, new ones the name."""
    pooling = encoder.contract.pooling
    return {
        "word_embedding_dimension": encoder.dimension,
        "embedding_dimension": encoder.dimension,
        "pooling_mode": pooling,
        "pooling_mode_cls_token": pooling == "cls",
        "pooling_mode_mean_tokens": pooling == "mean",
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
        "pooling_mode_weightedmean_tokens": False,
        "pooling_mode_lasttoken": False,
        "include_prompt": True,
    }


def _foreign_contract(folder: Path) -> Contract:
    """What a sentence-transformers folder says about its vectors."""
    modules = [str(module["type"]).rsplit(".", 1)[-1] for module in read_json(folder / "modules.json")]
    unknown = [name for name in modules if name not in ("Transformer", "Pooling", "Normalize")]
    if unknown:
        raise MedencError(f"a {unknown[0]} module is not supported", where=folder / "modules.json")
    values: dict[str, Any] = {"pooling": _foreign_pooling(folder), "normalize": "Normalize" in modules}
    if (folder / "sentence_bert_config.json").is_file():
        length = read_json(folder / "sentence_bert_config.json").get("max_seq_length")
        values |= {"max_tokens": length} if length else {}
    if (folder / "config_sentence_transformers.json").is_file():
        settings = read_json(folder / "config_sentence_transformers.json")
        values["similarity"] = {"euclidean": "l2"}.get(named := settings.get("similarity_fn_name") or "cosine", named)
        values["prompts"] = {"query": "", "passage": ""} | (settings.get("prompts") or {})
    return Contract.parse(values, str(folder))


def _foreign_pooling(folder: Path) -> str:
    settings = read_json(folder / "1_Pooling" / "config.json")
    flags = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}
    named = settings.get("pooling_mode")
    if named is None:
        active = [key for key, value in settings.items() if key.startswith("pooling_mode_") and value]
        named = flags.get(active[0], active[0]) if len(active) == 1 else "+".join(active)
    return str(named)
