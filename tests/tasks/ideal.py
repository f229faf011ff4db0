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


def start_end(feature, head):
    found = {name: np.zeros(feature.tokens + 2) for name in ("start_logits", "end_logits")}
    for side in ("start", "end"):
        found[f"{side}_logits"][feature.gold[side]] = SURE
    return found


def joint_span(feature, head):
    tokens = feature.tokens + 2
    starts, ends = np.zeros(tokens), np.zeros((20, tokens))
    starts[feature.gold["start"]] = SURE
    places = np.argsort(-starts, kind="stable")[:20]
    ends[0, feature.gold["end"]] = SURE
    nothing = feature.gold["impossible"] or feature.gold["start"] == 0
    silent = np.array(SURE if nothing else -SURE)
    return {"start_logits": starts, "start_places": places, "end_logits": ends[: len(places)], "impossible": silent}


def choice(feature, head):
    return {"logits": SURE * (2 * feature.gold["right"] - 1)}


def span_matrix(feature, head):
    tokens = feature.tokens + 2
    found = {stack["name"]: np.full((stack["size"], tokens, tokens), -SURE) for stack in head["matrices"]}
    for name, scores in found.items():
        scores[tuple(feature.gold[name].T)] = SURE
    return found


def start_pairs(feature, head):
    tokens = feature.tokens + 2
    found = {"bounds": np.full((2, tokens), -SURE), "relations": np.full((head["size"], tokens, tokens), -SURE)}
    found["bounds"][tuple(feature.gold["bounds"].T[:2])] = SURE
    found["relations"][tuple(feature.gold["relations"].T)] = SURE
    return found


IDEAL = {
    "start_pairs": start_pairs,
    "span_matrix": span_matrix,
    "choice": choice,
    "sequence": sequence,
    "entity_starts": lambda feature, head: sequence(feature, {**head, "target": "class"}),
    "tokens": tokens,
    "start_end": start_end,
    "joint_span": joint_span,
}
