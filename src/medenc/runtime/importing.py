"""A checkpoint from elsewhere becomes a medenc model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from medenc.core.artifact import writing
from medenc.core.errors import MedencError
from medenc.core.files import content_digest, read_json

if TYPE_CHECKING:
    from medenc.models.encoder import Contract, Model

FAMILIES = ("albert", "bert", "electra", "roberta", "xlm-roberta")


def import_checkpoint(
    source: Path | str,
    out: Path | str,
    pooling: str | None = None,
    similarity: str | None = None,
    passage: Path | str | None = None,
    max_tokens: int | None = None,
) -> None:
    """Write the medenc model `out` from a local checkpoint folder; needs the training extra.

    Args:
        source: `config.json`, safetensors weights and a tokenizer; what sentence-transformers added is honoured.
        out: the model folder to write; it gets an OpenVINO graph that was checked against the weights.
        pooling: `cls`, `mean` or `pooler`; None takes what the folder says, else `cls`.
        similarity: `cosine`, `dot` or `l2`; None takes what the folder says, else `cosine`. Vectors are normalised
            for the cosine, and for the others only where the folder says so.
        passage: a second checkpoint that encodes the passages.
        max_tokens: the longest text; None takes the most that the checkpoint can read.

    Raises: MedencError for another architecture, pickled or missing weights, a missing tokenizer.
    """
    from medenc.models.folder import write_model
    from medenc.runtime.export import add_backend

    sources = [Path(source)] if passage is None else [Path(source), Path(passage)]
    options = {"pooling": pooling, "similarity": similarity, "max_tokens": max_tokens}
    for path in sources:
        _check_family(path)
    tokenizer = _shared_tokenizer(sources)
    contract = _contract(sources[0], tokenizer, {key: value for key, value in options.items() if value is not None})
    model = _load(sources, contract, len(tokenizer))
    inputs = {name: content_digest(path) for name, path in zip(("source", "passage"), sources, strict=False)}
    with writing(Path(out), "model", options=options, inputs=inputs) as draft:
        draft.facts["model"] = write_model(model, tokenizer, draft.folder)
        draft.facts["exports"] = {"openvino": add_backend(draft.folder)}


def _check_family(source: Path) -> None:
    if not (source / "config.json").is_file():
        raise MedencError("not a checkpoint folder: it has no config.json", where=source)
    family = read_json(source / "config.json").get("model_type")
    if family not in FAMILIES:
        raise MedencError(
            f"expected one of {', '.join(FAMILIES)}, found {family!r}", where=f"{source}/config.json:model_type"
        )


def _contract(source: Path, tokenizer: Any, given: dict[str, Any]) -> Contract:
    """What the folder says about its vectors, overruled by what the caller says."""
    from medenc.models.encoder import Contract, position_limit
    from medenc.models.folder import read_contract

    said = read_contract(source).model_dump()
    limit = min(position_limit(source), tokenizer.model_max_length)
    if not (source / "modules.json").is_file():  # a bare checkpoint promises nothing
        said |= {"max_tokens": limit, "languages": []}
        given = {"normalize": given.get("similarity", "cosine") == "cosine"} | given
    return Contract.parse(said | {"max_tokens": min(said["max_tokens"], limit)} | given, str(source))


def _load(sources: list[Path], contract: Contract, vocabulary: int) -> Model:
    from medenc.models.encoder import Towers, from_checkpoint

    encoders = [from_checkpoint(path, contract) for path in sources]
    for path, encoder in zip(sources, encoders, strict=True):
        rows = encoder.backbone.config.vocab_size
        if vocabulary > rows:
            raise MedencError(f"the tokenizer has {vocabulary} tokens, the weights only {rows}", where=path)
    return encoders[0] if len(encoders) == 1 else Towers(*encoders)


def _shared_tokenizer(sources: list[Path]) -> Any:
    """The tokenizer of all `sources`; slow ones are converted."""
    first, *others = [_tokenizer(source) for source in sources]
    for other in others:
        if other.get_vocab() != first.get_vocab():
            raise MedencError("the two checkpoints have different tokenizers", where=sources[1])
    return first


def _tokenizer(source: Path) -> Any:
    from medenc.models.folder import open_tokenizer

    try:
        return open_tokenizer(source)
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).strip().splitlines()[0]
        raise MedencError(f"the tokenizer cannot be converted: {reason}", where=source) from None
