"""An encoder that goes on with another vocabulary: each new piece begins as the mean of what it was made of."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from medenc.core.errors import MedencError
from medenc.decoding.segments import PAIR
from medenc.models.encoder import FROM_PADDING, Encoder

_SPECIAL = ("pad_token_id", "unk_token_id", "cls_token_id", "sep_token_id", "mask_token_id")
_INSIDE = "##"  # of WordPiece
MEANING = "medenc_segments"  # in a configuration: what the segments behind the second are of


class Move:
    """From one vocabulary to another.

    A piece that both have keeps its row, whatever its number; special tokens are told by what they are for. Another
    one gets the mean of the rows of the pieces that it was cut into before. One of unknown characters has none of
    these: it is drawn at random, with the mean and the deviations of all rows.
    """

    def __init__(self, old: PreTrainedTokenizerFast, new: PreTrainedTokenizerFast) -> None:
        self.rows, self.padding = len(new), int(new.pad_token_id)
        self.old_padding = int(old.pad_token_id)
        origins = _origins(old, new)
        self.unknown = torch.tensor([not ids for ids in origins])
        self._flat = torch.tensor([id_ for ids in origins for id_ in ids], dtype=torch.long)
        self._owner = torch.repeat_interleave(torch.tensor([len(ids) for ids in origins]))
        self._counts = torch.tensor([max(1, len(ids)) for ids in origins])

    def means(self, table: Tensor) -> Tensor:
        """(new, …) from (old, …), zero for the unknown."""
        found = table.new_zeros(self.rows, *table.shape[1:]).index_add_(0, self._owner, table[self._flat])
        return found / self._counts.view(-1, *[1] * (table.dim() - 1))

    @torch.no_grad()
    def embeddings(self, encoder: Encoder) -> None:
        """Give the encoder the new vocabulary; its output layer is the same matrix, and moves along.

        Raises: MedencError when positions are counted from the padding's number (RoBERTa), and that would change.
        """
        config, old = encoder.backbone.config, encoder.backbone.get_input_embeddings()
        if config.model_type in FROM_PADDING and self.padding != self.old_padding:
            raise MedencError(
                f"this backbone needs the padding's number {self.old_padding}, the new vocabulary has {self.padding}",
                where="tokenizer",
            )
        weight: Tensor = old.weight
        new = nn.Embedding(self.rows, weight.shape[1], padding_idx=self.padding)
        new.weight.copy_(self.means(weight))
        count = int(self.unknown.sum())
        new.weight[self.unknown] = weight.mean(0) + weight.std(0) * torch.randn(count, weight.shape[1])
        encoder.backbone.set_input_embeddings(new)
        config.update({"vocab_size": self.rows, "pad_token_id": self.padding})


@torch.no_grad()
def more_segments(encoder: Encoder, like: Sequence[int], meaning: str) -> None:
    """Give the encoder segments behind the two of a pair, each beginning as one of these, so that it reads as before.

    Those that it has keep what they learned when they mean the same, which its configuration says.

    Args:
        like: for every new segment, which of the two.
        meaning: what the segments are of.

    Raises: MedencError when the backbone tells no segments apart.
    """
    config = encoder.backbone.config
    if not like or (encoder.segments == PAIR + len(like) and getattr(config, MEANING, None) == meaning):
        return
    embeddings = getattr(encoder.backbone, "embeddings", None)
    table = getattr(embeddings, "token_type_embeddings", None)
    if embeddings is None or table is None:
        raise MedencError(
            f"a {config.model_type} backbone has no segments, by which tokens are marked",
            where="task",
            hint="leave mark_names and mark_shared out, or start from another model",
        )
    old: Tensor = table.weight
    pair = old[[0, min(1, len(old) - 1)]]
    embeddings.token_type_embeddings = nn.Embedding.from_pretrained(torch.cat([pair, pair[list(like)]]), freeze=False)
    config.update({"type_vocab_size": PAIR + len(like), MEANING: meaning})


def move(old: PreTrainedTokenizerFast, new: PreTrainedTokenizerFast) -> Move | None:
    """The way from one vocabulary to another; None when they are the same."""
    return None if old.get_vocab() == new.get_vocab() else Move(old, new)


def _origins(old: PreTrainedTokenizerFast, new: PreTrainedTokenizerFast) -> list[list[int]]:
    """For each new id the old ids that it is made of; none for what the old vocabulary does not know."""
    known = old.get_vocab()
    roles = {getattr(new, role): getattr(old, role) for role in _SPECIAL if getattr(new, role) is not None}
    pieces = new.convert_ids_to_tokens(range(len(new)))
    cut = _cut(old, [_surface(new, id_, piece) for id_, piece in enumerate(pieces)])
    found = []
    for id_, (piece, ids) in enumerate(zip(pieces, cut, strict=True)):
        if roles.get(id_) is not None:
            found.append([int(roles[id_])])
        elif piece in known:
            found.append([known[piece]])
        else:
            found.append(_inside(old, known, piece, ids))
    return found


def _surface(tokenizer: PreTrainedTokenizerFast, id_: int, piece: str) -> str:
    """The text that a piece stands for."""
    return piece.removeprefix(_INSIDE) if piece.startswith(_INSIDE) else tokenizer.backend_tokenizer.decode([id_])


def _cut(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> list[list[int]]:
    backend = tokenizer.backend_tokenizer
    backend.no_padding()
    backend.no_truncation()
    unknown = tokenizer.unk_token_id
    encodings = backend.encode_batch(list(texts), add_special_tokens=False)
    return [[id_ for id_ in encoding.ids if id_ != unknown] for encoding in encodings]


def _inside(old: PreTrainedTokenizerFast, known: dict[str, int], piece: str, ids: list[int]) -> list[int]:
    """A piece from the middle of a word began none before either."""
    if not piece.startswith(_INSIDE) or not ids:
        return ids
    first = _INSIDE + str(old.convert_ids_to_tokens(ids[0]))
    return [known.get(first, ids[0]), *ids[1:]]
