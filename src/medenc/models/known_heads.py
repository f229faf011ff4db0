"""Heads that other programs left in a checkpoint, so that pre-training goes on instead of learning them again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from medenc.core.files import read_json
from medenc.models.pretraining import ReplacedHead, VocabularyHead
from medenc.models.vocabulary import Move

_VOCABULARY = {  # where BERT, RoBERTa, ALBERT and ELECTRA's generator keep what `VocabularyHead` has
    "cls.predictions": {"dense": ".transform.dense", "norm": ".transform.LayerNorm", "bias": ".bias"},
    "lm_head": {"dense": ".dense", "norm": ".layer_norm", "bias": ".bias"},
    "predictions": {"dense": ".dense", "norm": ".LayerNorm", "bias": ".bias"},
    "generator": {"dense": "_predictions.dense", "norm": "_predictions.LayerNorm", "bias": "_lm_head.bias"},
}
_REPLACED = {"discriminator_predictions": {"dense": ".dense", "out": ".dense_prediction"}}
_PLACES: Mapping[type, Mapping[str, Mapping[str, str]]] = {VocabularyHead: _VOCABULARY, ReplacedHead: _REPLACED}
_OLD_NAMES = {"weight": "gamma", "bias": "beta"}  # of normalisations in BERT's first releases


def fill_known(heads: nn.Module, folder: Path, change: Move | None) -> list[str]:
    """Fill the heads that a checkpoint has under its own names, and say which; others stay as they are.

    The generator's own stays fresh: a checkpoint is of the encoder. So does a vocabulary's head whose output matrix is
    not the word embeddings, which ours always is.

    Args:
        heads: what an objective trains beside the encoder.
        folder: a checkpoint of transformers.
        change: of the vocabulary, by which a bias of every piece moves along.
    """
    tied = read_json(folder / "config.json").get("tie_word_embeddings", True)
    filled = []
    for path, module in heads.named_modules():
        places = _PLACES.get(type(module), {})
        if path.startswith("generator") or (isinstance(module, VocabularyHead) and not tied):
            continue
        for prefix, names in places.items():
            found = dict(_stored(module, folder, prefix, names))
            if change and "bias" in found:
                found["bias"] = change.means(found["bias"])
            if _shapes(found) == _shapes(module.state_dict()):
                module.load_state_dict(found)
                filled.append(path or "vocabulary")
    return filled


def _stored(module: nn.Module, folder: Path, prefix: str, names: Mapping[str, str]) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a head that the checkpoint has, by our names."""
    for own in module.state_dict():
        part, _, end = own.partition(".")
        place = prefix + names[part]
        asked = [f"{place}.{end}", f"{place}.{_OLD_NAMES[end]}"] if end else [place]
        if (tensor := _tensor(folder, asked)) is not None:
            yield own, tensor


def _tensor(folder: Path, names: list[str]) -> Tensor | None:
    for file in _files(folder):
        with safe_open(file, "pt") as stored:
            for name in names:
                if name in stored.keys():  # noqa: SIM118 - it is no mapping
                    tensor: Tensor = stored.get_tensor(name)
                    return tensor.to(torch.float32)
    return None


def _files(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        return [folder / name for name in sorted(set(read_json(index)["weight_map"].values()))]
    return [folder / "model.safetensors"]


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}
