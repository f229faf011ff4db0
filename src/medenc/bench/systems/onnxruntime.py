"""Plain onnxruntime: padded batches in the order of the texts, and the graph's own vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from medenc.bench.contract import BATCH, Encode, Texts, blocks
from medenc.core.plugins import Plugin
from medenc.runtime.folder import open_model
from medenc.runtime.session import EMBEDDING


class OnnxRuntime(Plugin):
    """A session with its defaults."""

    file: str = "onnx/model.onnx"

    def open(self, folder: Path) -> Encode:
        """The graph and the folder's tokenizer."""
        import onnxruntime
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.enable_truncation(open_model(folder).facts.max_tokens)
        tokenizer.enable_padding()
        session = onnxruntime.InferenceSession(str(folder / self.file), providers=["CPUExecutionProvider"])
        names = {port.name for port in session.get_inputs()}

        def vectors(texts: Texts) -> np.ndarray:
            encodings = tokenizer.encode_batch(texts)
            arrays = {
                "input_ids": np.array([encoding.ids for encoding in encodings]),
                "attention_mask": np.array([encoding.attention_mask for encoding in encodings]),
                "token_type_ids": np.array([encoding.type_ids for encoding in encodings]),
            }
            (found,) = session.run([EMBEDDING], {name: array for name, array in arrays.items() if name in names})
            return np.asarray(found)

        return lambda texts: np.concatenate([vectors(block) for block in blocks(texts, BATCH)])
