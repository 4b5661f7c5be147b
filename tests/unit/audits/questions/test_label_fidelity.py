from dataclasses import replace

import numpy as np
import pytest
from tests.fixtures.audits import make_evidence, pose, take_real

from ganoscope.audits.questions import label_fidelity
from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store
from ganoscope.errors import UserError


@pytest.fixture(scope="module")
def evidence(disc_store, disc_classifier):
    store = Store.open(disc_store)
    found = make_evidence(store, *take_real(store, "validation"), classifier=open_classifier(disc_classifier))
    return replace(found, held_out=RealImages(store, store.indices("test")))


def test_real_images_of_other_patients_are_recognised_as_well_as_held_out_ones(evidence):
    answer = label_fidelity.ask(evidence)
    assert answer.outcome == "clear"
    assert "would have been seen" in answer.verdict
    assert {value.name for value in answer.values} == {"ensemble_agreement", "label_agreement"}
    assert {value.images for value in answer.values} == {"all", "class sick", "class well"}
    assert len(answer.columns["label_agrees"]) == evidence.synthetic.count


def test_wrong_classes_are_a_fault(evidence):
    images, labels = evidence.synthetic.load(np.arange(evidence.synthetic.count)), evidence.synthetic.labels
    wrong = np.where(labels == "sick", "well", "sick")
    answer = label_fidelity.ask(replace(evidence, synthetic=pose(images, wrong)))
    assert answer.outcome == "fault"
    assert answer.verdict.startswith("Synthetic images show another class than asked for")
    assert not any(answer.columns["label_agrees"][:5]) or sum(answer.columns["label_agrees"]) < len(labels) / 2


def test_what_is_missing_is_said(evidence):
    images = evidence.synthetic.load(np.arange(evidence.synthetic.count))
    for changed, message in (
        (replace(evidence, synthetic=pose(images)), "not asked to show a class"),
        (replace(evidence, held_out=None), "Without held-out images"),
        (replace(evidence, synthetic=pose(images, np.full(len(images), "x"))), "classes that the independent"),
    ):
        with pytest.raises(UserError, match=message):
            label_fidelity.ask(changed)
