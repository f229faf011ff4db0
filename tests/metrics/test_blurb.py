import pytest

from medenc.core.errors import MedencError
from medenc.metrics.blurb import TASK_TYPES, blurb_score

NAMES = [name for names in TASK_TYPES.values() for name in names]
PUBLISHED = {  # Yasunaga et al. 2022, table 6, in the order of TASK_TYPES
    "PubMedBERT": ([93.33, 85.62, 87.82, 84.52, 80.06, 73.38, 77.24, 82.36, 82.34, 92.30, 82.32, 55.84, 87.56], 81.10),
    "base": ([93.75, 86.10, 88.18, 84.90, 79.03, 73.97, 77.57, 82.72, 84.39, 93.25, 84.35, 70.20, 91.43], 83.39),
    "large": ([94.04, 86.39, 88.76, 85.18, 80.06, 74.19, 79.98, 83.35, 84.90, 93.63, 84.87, 72.18, 94.82], 84.30),
}


@pytest.mark.parametrize("model", PUBLISHED)
def test_the_published_scores_follow_from_the_published_columns(model):
    column, score = PUBLISHED[model]
    assert blurb_score(dict(zip(NAMES, column, strict=True))).score == pytest.approx(score, abs=0.005)


def test_the_means_of_the_types():
    found = blurb_score(dict(zip(NAMES, PUBLISHED["base"][0], strict=True)))
    assert list(found.types.values()) == pytest.approx([86.392, 73.97, 81.56, 93.25, 84.35, 80.815])


def test_an_incomplete_or_unknown_set_is_refused():
    with pytest.raises(MedencError, match="no score for HoC"):
        blurb_score({name: 1.0 for name in NAMES if name != "HoC"})
    with pytest.raises(MedencError, match="did you mean 'ChemProt'"):
        blurb_score({"Chemprot": 1.0})
