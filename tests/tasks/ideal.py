"""What a perfect model would give: outputs of every head that say what the gold arrays say."""

import numpy as np

SURE = 20.0


def sequence(feature, head):
    if head["target"] == "number":
        return {"logits": feature.gold["number"].reshape(1)}
    if head["target"] == "classes":
        return {"logits": SURE * (2 * feature.gold["classes"] - 1)}
    logits = np.full(head["size"], -SURE)
    logits[feature.gold["label"]] = SURE
    return {"logits": logits}


def tokens(feature, head):
    found = {}
    for layer, size in enumerate(head["sizes"]):
        gold = feature.gold[f"tags_{layer}"]
        logits = np.random.default_rng(layer).normal(size=(len(gold) + 3, size))  # as if the batch were longer
        known = gold >= 0
        logits[: len(gold)][known] = -SURE
        logits[np.flatnonzero(known), gold[known]] = SURE
        found[f"tags_{layer}"] = logits
    return found


IDEAL = {"sequence": sequence, "tokens": tokens}
