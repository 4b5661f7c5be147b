"""Which classes come, and what is refused."""

import numpy as np
import pytest

from ganoscope.errors import UserError
from ganoscope.generation import choose_labels
from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.labels import make_request
from ganoscope.training.run_folder.trained_run import open_run


@pytest.fixture(scope="module")
def run(conditional_run):
    return open_run(conditional_run)


def test_classes_come_in_the_shares_of_the_training_images_and_each_depends_on_its_number_alone(run):
    labels = choose_labels(run, 20_000, seed=1)
    wanted = np.array(list(run.record.class_counts.values())) / sum(run.record.class_counts.values())
    assert np.allclose(np.bincount(labels) / 20_000, wanted, atol=0.02)
    assert np.array_equal(choose_labels(run, 50, 1, start=70), labels[70:120])


def test_classes_in_their_shares_get_as_many_images_as_the_first_ones_have(run):
    request = make_request(run, GenerateConfig(number=40, seed=3))
    drawn = request.choose(0, 40)
    assert request.quotas == {code: int(count) for code, count in enumerate(np.bincount(drawn)) if count}
    assert request.total == 40


def test_a_number_per_class_is_met_by_taking_turns(run):
    request = make_request(run, GenerateConfig(number_per_class=5))
    assert request.total == 5 * len(run.classes)
    assert request.choose(2, 4).tolist() == [(2 + i) % len(run.classes) for i in range(4)]


def test_one_class_can_be_asked_for(run):
    request = make_request(run, GenerateConfig(class_name=run.classes[1], number=3))
    assert request.choose(0, 3).tolist() == [1, 1, 1]


def test_an_unknown_class_is_answered_with_the_known_ones(run):
    with pytest.raises(UserError, match=f"got gliosis; allowed: {', '.join(run.classes)}"):
        make_request(run, GenerateConfig(class_name="gliosis"))


def test_a_run_without_classes_refuses_all_that_needs_them_with_the_reason(tiny_run, tmp_path):
    config = GenerateConfig(number_per_class=5, min_label_confidence=0.5, classifier=tmp_path)
    with pytest.raises(UserError) as refused:
        make_request(open_run(tiny_run), config)
    for words in ("--number-per-class needs", "--min-label-confidence needs", "(this one is dcgan)"):
        assert words in str(refused.value)


WRONG = {
    "number": ({"number": 0}, "--number is too small: got 0"),
    "number per class": ({"number_per_class": 0}, "--number-per-class is too small: got 0"),
    "both": ({"number": 3, "number_per_class": 4}, "exclude each other: got 3 and 4"),
    "class": ({"class_name": "a", "number_per_class": 4}, "Use --class a --number 4"),
    "seed": ({"seed": -1}, "--seed is negative"),
    "no truncation": ({"truncation": 0.0}, "--truncation is out of range: got 0.0; allowed: above 0, up to 1"),
    "truncation": ({"truncation": 1.5}, "--truncation is out of range"),
    "steps": ({"interpolate": 1}, "--interpolate is out of range: got 1"),
    "certainty": ({"min_label_confidence": 1.0}, "--min-label-confidence is out of range: got 1.0"),
    "no classifier": ({"min_label_confidence": 0.5}, "need each other: got --min-label-confidence alone"),
}


@pytest.mark.parametrize("name", WRONG)
def test_impossible_wishes_are_refused(name):
    options, words = WRONG[name]
    with pytest.raises(UserError) as refused:
        GenerateConfig(**options)
    assert words in str(refused.value)


def test_all_faults_are_named_at_once():
    with pytest.raises(UserError) as refused:
        GenerateConfig(number=0, batch_size=0, truncation=2.0, interpolate=99, min_label_confidence=3.0)
    assert len(str(refused.value).splitlines()) == 6
