"""Recognition is measured on patients under audit where they suffice, otherwise on validation patients."""

import numpy as np
import pytest

from ganoscope.evaluate.reidentification.nearest_patient import Embedded
from ganoscope.evaluate.reidentification.recognition import choose_repeated, measure_recognition


def embed(patients, spread, seed):
    random = np.random.default_rng(seed)
    values = random.standard_normal((patients, 6)).repeat(2, axis=0)
    values += spread * random.standard_normal(values.shape)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def make(patients, spread, seed, named=True):
    blank = np.full(2 * patients, "")
    groups = np.array([f"{seed}-{n}" for n in range(patients)]).repeat(2)
    return Embedded(embed(patients, spread, seed), groups, blank, blank, np.full(2 * patients, named))


VALIDATION = embed(20, 0.0, 5), np.arange(20).repeat(2)


def test_patients_under_audit_are_taken_where_there_are_enough():
    found = measure_recognition(VALIDATION, (make(30, 1.0, 0), make(10, 1.0, 1)), seed=0)
    assert "under audit" in found.patients
    assert found.auroc.groups == 40
    assert 0.6 < found.auroc.value < 0.99


@pytest.mark.parametrize("audited", [(make(5, 1.0, 0),), (make(30, 1.0, 0, named=False),)])
def test_validation_patients_are_taken_otherwise(audited):
    found = measure_recognition(VALIDATION, audited, seed=0)
    assert "validation" in found.patients
    assert found.auroc.value == 1.0


def test_images_of_single_patients_are_left_out_and_many_are_thinned():
    patients = np.array(["a", "b", "b", "c", "d", "d", "d"])
    assert choose_repeated(patients, 0, 100).tolist() == [1, 2, 4, 5, 6]
    assert len(choose_repeated(np.arange(50).repeat(2), 0, 10)) == 10
