"""What stands between an encoder and a task: heads, and what they are given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, cast

from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput

from medenc.core.errors import MedencError
from medenc.core.plugins import build
from medenc.decoding.folder import read_task
from medenc.models.encoder import Encoder
from medenc.models.folder import HEADS, read_heads
from medenc.models.pooling import pool

Axes = tuple[str | int, ...]


@dataclass(frozen=True)
class Encoded:
    """A batch behind the encoder."""

    input_ids: Tensor  # (batch, tokens)
    attention_mask: Tensor  # (batch, tokens)
    token_type_ids: Tensor | None  # (batch, tokens)
    output: BaseModelOutput
    pooled: Tensor  # (batch, hidden): by the folder's pooling, not normalised

    @property
    def hidden(self) -> Tensor:
        """Token vectors (batch, tokens, hidden)."""
        return self.output.last_hidden_state


class HeadModule(nn.Module):
    """The torch side of a head.

    `outputs` names what `forward` gives, with the axes of each: "batch", "tokens", or a number that is fixed. The
    first is "batch". It is what an exported graph gives and a task's `read` receives. A head that looks for the task's
    added tokens has a buffer `added` for their numbers, (k,) int64.
    """

    outputs: dict[str, Axes]
    needs_layers: ClassVar[bool] = False
    """Whether `encoded.output.hidden_states` must be there."""

    def forward(self, encoded: Encoded) -> dict[str, Tensor]:
        """The named outputs."""
        raise NotImplementedError

    def losses(self, encoded: Encoded, own: dict[str, Tensor], whole: dict[str, Tensor]) -> dict[str, Tensor]:
        """This process's part of the batch's losses.

        Args:
            encoded: the own share of the sequences.
            own: the gold arrays of that share.
            whole: the gold arrays of the whole batch, for what a mean divides by: a part is the own sum divided by
                the whole batch's count.
        """
        raise NotImplementedError


class Head(Protocol):
    """What a plug-in of the kind `head` is: sizes and dropout as fields, and this."""

    def build(self, hidden_size: int) -> HeadModule:
        """A new module, drawn from torch's generator."""
        ...


def encode(
    encoder: Encoder, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None, *, layers: bool = False
) -> Encoded:
    """Run the encoder on a batch of sequences."""
    output = encoder.read(input_ids, attention_mask, token_type_ids, layers=layers)
    pooled = pool(output, attention_mask, encoder.contract.pooling)
    return Encoded(input_ids, attention_mask, token_type_ids, output, pooled)


def outputs(
    encoder: Encoder, head: HeadModule, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None
) -> dict[str, Tensor]:
    """The head's named outputs for a batch of sequences."""
    encoded = encode(encoder, input_ids, attention_mask, token_type_ids, layers=head.needs_layers)
    found: dict[str, Tensor] = head(encoded)
    return found


def read_head(folder: Path, encoder: Encoder) -> HeadModule:
    """The trained head of a task's model folder."""
    task, labels = read_task(folder)
    head = cast(Head, build("head", task.head_options(labels), str(folder))).build(encoder.dimension)
    if not read_heads(head, folder):
        raise MedencError("the head's weights are missing or of another shape", where=folder / HEADS)
    return head
