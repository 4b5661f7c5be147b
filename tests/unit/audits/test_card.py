"""The scorecard: every criterion has its place, answers fill it, and the rest says that it is to be filled."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.card import NOT_ASKED, PLACES, TO_FILL, Subject, make_card, write_card
from ganoscope.contracts import Measured
from ganoscope.statistics.estimate import Estimate

SUBJECT = Subject("1,000 images of a run", 1000, "2026-11-30", "ab" * 32)


def measure(value, floor=None, low=np.nan, high=np.nan):
    own = Estimate(value, low, high, 200, 50)
    return Measured(own, None if floor is None else Estimate(floor, np.nan, np.nan, 100, 40), "lower")


@pytest.fixture
def answers():
    distance = Value("frechet_distance", measure(3.25, 1.5, 3.0, 3.5), "all", "random network, seed 0", "cd" * 32)
    of_class = Value("frechet_distance", measure(7.0), "class sick")
    return {
        "fidelity": Answer("fault", "Images are further from real ones than real ones are.", (distance, of_class)),
        "copied_images": Answer("clear", "No copy shown."),
        "membership": Answer("untested", "can't be tested without held-out patients"),
    }


def test_the_seven_criteria_stand_in_their_order(answers):
    names = [criterion.name for criterion in make_card(answers, SUBJECT).criteria]
    assert names == list(PLACES)
    assert names == [
        *("congruence", "coverage", "constraint", "completeness", "compliance", "comprehension", "consistency")
    ]
    assert all(criterion.to_fill for criterion in make_card(answers, SUBJECT).criteria)


def test_answers_fill_their_places(answers):
    found = {criterion.name: criterion for criterion in make_card(answers, SUBJECT).criteria}
    assert [(each.question, each.outcome) for each in found["congruence"].verdicts] == [
        ("fidelity", "fault"),
        ("hu_fidelity", "untested"),
    ]
    assert [(each.name, each.value, each.floor) for each in found["congruence"].figures] == [
        ("frechet_distance", 3.25, 1.5)
    ]
    assert [(each.images, each.value, each.low) for each in found["consistency"].figures] == [("class sick", 7.0, None)]
    words = {each.question: each.words for each in found["compliance"].verdicts}
    assert words["copied_images"] == "No copy shown."
    assert words["membership"] == "can't be tested without held-out patients"
    assert words["reidentification"] == NOT_ASKED
    assert found["comprehension"].verdicts == ()


def test_the_card_is_valid_json(answers):
    content = json.dumps(asdict(make_card(answers, SUBJECT)), allow_nan=False)
    assert json.loads(content)["subject"]["weights_sha256"] == "ab" * 32


def test_the_text_says_what_is_measured_and_what_is_left(answers):
    text = write_card(make_card(answers, SUBJECT))
    assert "1,000 images of a run; audited on 2026-11-30" in text
    assert "Fréchet distance, features of random network: 3.250 (3.000 to 3.500), real images 1.500, n = 200" in text
    assert "Fréchet distance, class sick: 7.000, n = 200" in text
    assert text.count(f"[{TO_FILL}]") == sum(len(place.to_fill) for place in PLACES.values())
    assert "nan" not in text.lower().replace("anatomy", "")
