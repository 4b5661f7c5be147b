"""What makes a classifier's metrics doubtful raises its alarm and no other."""

from dataclasses import replace

import numpy as np
import pytest
from tests.fixtures.made_up_stores import write_store

from ganoscope.data.store import Store
from ganoscope.evaluate.classification import metrics as classification
from ganoscope.evaluate.classification.calibration import HIGHEST, Temperature
from ganoscope.evaluate.classification.metrics import Predictions, score
from ganoscope.evaluate.classification.split_checks import CHECKS, find_alarms

CLASSES = ("sick", "well")


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr(classification, "RESAMPLES", 60)


def make(codes, probabilities, classes=CLASSES, groups=None):
    codes, probabilities = np.asarray(codes), np.asarray(probabilities, float)
    members = np.arange(len(codes)) if groups is None else np.asarray(groups)
    ids = np.arange(len(codes)).astype(str)
    return Predictions("test", ids, codes, members.astype(str), probabilities, probabilities, classes)


def two(codes, second):
    return make(codes, np.stack([1 - np.asarray(second, float), second], 1))


def list_codes(path, rows, predictions, temperature=1.0, used=None):
    store = write_store(path, rows)
    scores = {split: score(one) for split, one in predictions.items()}
    chosen = Temperature(temperature if used is None else used, temperature, 0.7, 0.6, 40)
    return {alarm.code: alarm for alarm in find_alarms(Store.open(store.path), scores, chosen)}


def clean_rows():
    return [
        {"split": split, "label": CLASSES[n % 2], "group": f"{split}-{n}", "patient": f"{split}-{n}"}
        for split in ("train", "validation", "test")
        for n in range(40)
    ]


def good(number=40):
    codes = np.arange(number) % 2
    return two(codes, np.where(np.arange(number) < 4, 0.5, 0.2 + 0.6 * codes) + 0.001 * np.arange(number))


def test_nothing_is_alarming_about_a_sound_classifier(tmp_path):
    assert list_codes(tmp_path / "store", clean_rows(), {"validation": good(), "test": good()}) == {}


def test_patients_and_groups_in_two_parts_are_a_danger(tmp_path):
    rows = clean_rows()
    rows[-1] |= {"group": "train-0", "patient": "train-1"}
    found = list_codes(tmp_path / "store", rows, {"validation": good(), "test": good()})
    assert set(found) == {"overlapping_groups_test", "overlapping_patients_test"}
    assert all(alarm.severity == "danger" for alarm in found.values())


def test_a_test_part_of_one_class_and_its_precision_are_named(tmp_path):
    alone = two(np.zeros(40, int), np.where(np.arange(40) < 30, 0.1, 0.8))
    found = list_codes(tmp_path / "store", clean_rows(), {"validation": good(), "test": alone})
    assert set(found) == {"single_class_test", "perfect_precision_test"}
    assert "0.750" in found["perfect_precision_test"].message


def test_a_perfect_score_a_score_of_chance_and_few_groups_are_named(tmp_path):
    codes = np.arange(40) % 2
    perfect, chance = two(codes, codes), two(codes, np.arange(40) / 40)
    found = list_codes(tmp_path / "a", clean_rows(), {"validation": perfect, "test": chance})
    assert set(found) == {"perfect_precision_validation", "no_better_than_chance", "temperature_not_fitted"}
    found = list_codes(tmp_path / "c", clean_rows(), {"validation": good(), "test": good()}, temperature=HIGHEST)
    assert set(found) == {"temperature_at_limit"}
    few = list_codes(tmp_path / "b", clean_rows(), {"validation": good(), "test": good(20)})
    assert set(few) == {"few_groups_test", "unscored_images_test"}


def test_a_test_part_without_a_known_class_is_a_danger(tmp_path):
    assert set(list_codes(tmp_path / "store", clean_rows(), {"validation": good()})) == {"nothing_scored_test"}


def test_a_part_that_lacks_one_of_three_classes_is_named(tmp_path):
    rows = [{**row, "label": "abc"[number % 3]} for number, row in enumerate(clean_rows())]
    codes = np.arange(40) % 2
    lacking = make(codes, 0.1 + 0.7 * np.eye(3)[(codes + (np.arange(40) < 5)) % 2], tuple("abc"))
    whole = make(np.arange(40) % 3, 0.1 + 0.7 * np.eye(3)[(np.arange(40) + (np.arange(40) < 5)) % 3], tuple("abc"))
    found = list_codes(tmp_path / "store", rows, {"validation": whole, "test": lacking})
    assert set(found) == {"absent_classes_test"}
    assert found["absent_classes_test"].evidence == {"absent": ["c"]}


def test_one_answer_for_all_images_that_are_ranked_well_is_a_danger(tmp_path):
    codes = np.arange(40) % 2
    shifted = two(codes, 0.05 + 0.3 * codes + 0.002 * np.arange(40))
    found = list_codes(tmp_path / "a", clean_rows(), {"validation": good(), "test": shifted})
    assert found["one_answer_test"].severity == "danger"
    assert "every image of the test split is answered with" in found["one_answer_test"].message
    guessing = two(codes, 0.1 + np.arange(40) / 100)
    found = list_codes(tmp_path / "b", clean_rows(), {"validation": good(), "test": guessing})
    assert "one_answer_test" not in found


def test_each_check_says_what_it_looks_for_once():
    described = [check.looks_for for check in CHECKS]
    assert len(set(described)) == len(CHECKS) == 13
    assert {"few_groups_test", "few_groups_validation"} <= {code for check in CHECKS for code in check.codes}


def test_a_temperature_that_does_not_help_other_patients_is_told(tmp_path):
    found = list_codes(tmp_path / "a", clean_rows(), {"validation": good(), "test": good()}, temperature=0.4, used=1.0)
    assert set(found) == {"temperature_not_used"}
    message = found["temperature_not_used"].message
    assert "0.400" in message
    assert "cross-entropy 0.7000 with it, 0.6000 without, over 40 patients" in message


def test_a_temperature_that_does_harm_on_the_test_part_is_told(tmp_path):
    worse = replace(good(), probabilities=0.5 + 0.1 * (good().probabilities - 0.5))
    found = list_codes(tmp_path / "a", clean_rows(), {"validation": good(), "test": worse}, temperature=9.0)
    assert set(found) == {"temperature_worse_on_test"}
    assert "with it and" in found["temperature_worse_on_test"].message
