"""Inference of classes: a generator that replays training images with their classes is called, another is not."""

from dataclasses import replace

import numpy as np
import pytest
from tests.fixtures.made_up_stores import write_store

from ganoscope.audits.audit_evidence import AuditEvidence, SyntheticImages
from ganoscope.audits.questions import attribute_inference
from ganoscope.data.real_images import RealImages
from ganoscope.errors import UserError


def draw(number, seed):
    """Noise with textures of its own; the class can hardly be seen."""
    random = np.random.default_rng(seed)
    coarse = np.kron(random.uniform(60, 200, (number, 4, 4)), np.ones((4, 4)))
    return np.clip(coarse + 20 * random.standard_normal((number, 16, 16)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    labels = np.random.default_rng(1).permutation(np.arange(300) % 2)
    rows = [{"label": "sick" if label else "well"} for label in labels]
    return write_store(tmp_path_factory.mktemp("classes") / "store", rows, draw(300, 0))


def synthesise(images, labels):
    names = np.array([f"{number}.png" for number in range(len(images))])
    return SyntheticImages(names, lambda positions: images[positions], labels, "a test", "0" * 64)


def gather(store, images, labels):
    members, held_out = (RealImages(store, np.arange(*ends)) for ends in ((0, 150), (150, 300)))
    return AuditEvidence(synthesise(images, labels), members, held_out)


def test_a_replay_with_its_classes_is_called(store):
    chosen = np.arange(100)
    answer = attribute_inference.ask(gather(store, store.load_images(chosen), store.column("label")[chosen]))
    values = {value.name: value.measured for value in answer.values}
    assert answer.outcome == "fault" and "Leak shown" in answer.verdict
    assert values["inference_accuracy"].value.value > values["inference_accuracy"].floor.value + 0.15
    assert values["inference_advantage"].value.low > 0


def test_training_patients_that_are_easier_by_themselves_are_no_leak(tmp_path):
    """Classes of the first half are as bright as day, of the second half as noise; the generator copies nobody."""
    labels = np.arange(300) % 2
    pixels = draw(300, 0).astype(np.int64)
    pixels[:150] = pixels[:150] // 2 + 80 * labels[:150, None, None]
    rows = [{"label": "sick" if label else "well"} for label in labels]
    store = write_store(tmp_path / "store", rows, pixels.clip(0, 255).astype(np.uint8))
    made = np.arange(200) % 2
    fresh = draw(200, 7).astype(np.int64) // 2 + 80 * made[:, None, None]
    answer = attribute_inference.ask(
        gather(store, (fresh / 127.5 - 1)[:, None].astype(np.float32), np.where(made == 1, "sick", "well"))
    )
    values = {value.name: value.measured.value for value in answer.values}
    assert values["inference_advantage"].low > 0.2
    assert answer.outcome == "clear"
    assert "easier to tell" in answer.verdict


def test_images_that_have_nothing_to_do_with_the_patients_are_not_called(store):
    images = draw(200, 7).astype(np.float32)[:, None] / 127.5 - 1
    answer = attribute_inference.ask(gather(store, images, np.array(["sick", "well"]).repeat(100)))
    assert answer.outcome == "clear"
    assert "No leak shown" in answer.verdict and "would have been seen" in answer.verdict


def test_more_images_than_are_looked_at_are_thinned_by_the_seed(store, monkeypatch):
    monkeypatch.setattr(attribute_inference, "MOST_IMAGES", 60)
    evidence = gather(store, store.load_images(np.arange(100)), store.column("label")[:100])
    first, again, other = (attribute_inference.ask(replace(evidence, seed=seed)) for seed in (0, 0, 1))
    assert first.details["synthetic_images"] == 60
    assert first.verdict == again.verdict != other.verdict


def test_it_is_not_tested_without_classes_or_held_out_patients(store):
    full = gather(store, store.load_images(np.arange(20)), np.array(["sick", "well"] * 10))
    faults = {
        "no attributes": replace(full, synthetic=replace(full.synthetic, labels=None)),
        "no two classes in common": replace(full, synthetic=replace(full.synthetic, labels=np.full(20, "sick"))),
        "--holdout": replace(full, held_out=None),
    }
    for message, evidence in faults.items():
        with pytest.raises(UserError, match=message):
            attribute_inference.ask(evidence)
