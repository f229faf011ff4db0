"""Plain transformers: the loop that model cards show."""

from __future__ import annotations

from pathlib import Path

from medenc.bench.contract import BATCH, Encode, Texts, blocks
from medenc.core.plugins import Plugin
from medenc.runtime.folder import open_model


class Transformers(Plugin):
    """Padded batches in the order of the texts, float32."""

    def open(self, folder: Path) -> Encode:
        """`AutoModel` with the pooling that the folder says."""
        import torch
        from transformers import AutoModel, AutoTokenizer

        facts = open_model(folder).facts
        tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()

        def vectors(texts: Texts) -> torch.Tensor:
            inputs = tokenizer(texts, padding=True, truncation=True, max_length=facts.max_tokens, return_tensors="pt")
            output, mask = model(**inputs), inputs["attention_mask"].unsqueeze(-1)
            pooled = {
                "mean": lambda: (output.last_hidden_state * mask).sum(1) / mask.sum(1),
                "cls": lambda: output.last_hidden_state[:, 0],
                "pooler": lambda: output.pooler_output,
            }[facts.pooling]()
            return torch.nn.functional.normalize(pooled, dim=-1) if facts.normalize else pooled

        def encode(texts: Texts) -> object:
            with torch.inference_mode():
                return torch.cat([vectors(block) for block in blocks(texts, BATCH)]).numpy()

        return encode
