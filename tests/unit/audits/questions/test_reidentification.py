"""Re-identification of made-up patients, each with an anatomy of its own: who is called, and who can't be tested."""

from dataclasses import replace

import numpy as np
import pytest
from tests.fixtures.made_up_stores import write_store

from ganoscope.audits.audit_evidence import AuditEvidence, SyntheticImages
from ganoscope.audits.questions import reidentification
from ganoscope.data.feeding.augment import Policy
from ganoscope.data.real_images import RealImages
from ganoscope.errors import UserError
from ganoscope.evaluate.reidentification.alteration import alter
from ganoscope.evaluate.reidentification.metric_training import MetricConfig

SIZE, TRAINED, MEMBERS, HELD_OUT, NEW = 16, 110, 60, 50, 60
PATIENTS = TRAINED + MEMBERS + HELD_OUT + NEW


def draw_films(films, seed=0):
    """Films of all patients: an anatomy each, and other noise and brightness in every film."""
    random = np.random.default_rng(seed)
    anatomy = np.kron(random.uniform(0.2, 0.8, (PATIENTS, 4, 4)), np.ones((4, 4)))
    noise = 0.05 * random.standard_normal((films, PATIENTS, SIZE, SIZE))
    brightness = 0.05 * random.standard_normal((films, PATIENTS, 1, 1))
    return (255 * np.clip(anatomy + noise + brightness, 0, 1)).round().astype(np.uint8)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Three films of each patient; patients are numbered in the order of their roles."""
    films = draw_films(3)
    rows = [{"patient": f"p{n:03d}", "group": f"g{n:03d}", "label": "sick"} for _ in range(3) for n in range(PATIENTS)]
    return write_store(tmp_path_factory.mktemp("films") / "store", rows, films.reshape(-1, SIZE, SIZE))


@pytest.fixture
def training(monkeypatch):
    monkeypatch.setattr(reidentification, "TRAINING", MetricConfig(steps=60, patients=16, look_every=30))


def take(store, first, number, films=(0, 1)):
    return RealImages(store, np.concatenate([np.arange(first, first + number) + film * PATIENTS for film in films]))


def synthesise(images):
    names = np.array([f"{number}.png" for number in range(len(images))])
    return SyntheticImages(names, lambda positions: images[positions], np.full(len(images), "sick"), "a test", "0" * 64)


def gather(store, images):
    return AuditEvidence(
        synthesise(images),
        take(store, TRAINED, MEMBERS),
        take(store, TRAINED + MEMBERS, HELD_OUT),
        others=take(store, 0, TRAINED),
        depth="full",
    )


def load_new(store):
    return store.load_images(take(store, TRAINED + MEMBERS + HELD_OUT, NEW).indices)


def test_a_generator_of_new_patients_is_not_called(store, training):
    answer = reidentification.ask(gather(store, load_new(store)))
    values = {value.name: value.measured for value in answer.values}
    assert answer.outcome == "clear", answer.verdict
    assert values["recognition_auroc"].value.value > 0.9
    assert values["recognition_auroc"].value.groups == MEMBERS + HELD_OUT
    assert answer.details["power"]["altered copies"]["0.2"]["value"] > values["power_altered_copies"].value.value
    assert values["patient_hit_rate"].floor is not None
    assert "No leak shown" in answer.verdict and "would have been shown" in answer.verdict
    assert {len(column) for column in answer.columns.values()} == {2 * NEW}
    assert answer.sheets["reidentification.png"].dtype == np.uint8
    assert answer.details["training"]["patients"] == TRAINED


def test_a_generator_of_altered_training_patients_is_called(store, training):
    members = take(store, TRAINED, MEMBERS)
    copies = store.load_images(members.indices[:20])
    slightly = Policy(shift_share=0.02, gain=1.05)
    copies = np.clip(alter(copies, slightly, np.random.default_rng(0), hole=False).numpy(), -1, 1)
    answer = reidentification.ask(gather(store, np.concatenate([load_new(store), copies])))
    assert answer.outcome == "fault", answer.verdict
    assert "Leak shown" in answer.verdict
    called = np.array(answer.columns["reidentified"]) == "yes"
    assert called[-20:].sum() > 10 and called[:-20].sum() <= 2
    nearest = np.array(answer.columns["nearest_patient_sample_id"])[-20:]
    assert (nearest == store.column("sample_id")[members.indices[:20]]).mean() > 0.8


def test_other_films_of_training_patients_are_called(store, training):
    images = store.load_images(take(store, TRAINED, MEMBERS, films=(2,)).indices)
    assert reidentification.ask(gather(store, images)).outcome == "fault"


def test_sets_that_differ_by_themselves_prove_no_leak(store, training, monkeypatch):
    monkeypatch.setattr(reidentification, "compare_sets", lambda gallery, seed: 0.001)
    images = store.load_images(take(store, TRAINED, MEMBERS, films=(2,)).indices)
    answer = reidentification.ask(gather(store, images))
    assert answer.outcome == "untested"
    assert "differ by themselves (p = 0.001)" in answer.verdict and "Leak shown" not in answer.verdict
    assert answer.details["p_value_of_set_difference"] == 0.001


def test_it_is_not_tested_without_what_it_needs(store):
    full = gather(store, load_new(store)[:60])
    some = take(store, 0, 99)
    faults = {
        "--depth full": replace(full, depth="quick"),
        "--holdout": replace(full, held_out=None),
        "--reid-store": replace(full, others=None),
        "got 99 with two images or more": replace(full, others=some),
        "got 20 images": replace(full, others=take(store, 10, TRAINED)),
    }
    for message, evidence in faults.items():
        with pytest.raises(UserError, match=message):
            reidentification.ask(evidence)


def test_a_network_that_recognises_nobody_is_refused(store, monkeypatch):
    monkeypatch.setattr(reidentification, "TRAINING", MetricConfig(steps=1, patients=4, images=2, rate=1e-9))
    monkeypatch.setattr(reidentification, "LEAST_AUROC", 0.999999)
    with pytest.raises(UserError, match="can't tell patients apart well enough: got AUROC"):
        reidentification.ask(gather(store, load_new(store)))


def test_images_without_a_patient_are_not_trained_on(store, tmp_path, monkeypatch):
    rows = [{"sample_id": f"x{n}", "patient": "" if n < 30 else f"q{n // 2}"} for n in range(300)]
    other = write_store(tmp_path / "other", rows)
    evidence = replace(gather(store, load_new(store)), others=RealImages(other, np.arange(300)))
    assert reidentification.require_sets(evidence)[1].indices.tolist() == list(range(30, 300))
    monkeypatch.setattr(reidentification, "MOST_TRAINED", 40)
    assert len(reidentification.require_sets(evidence)[1].indices) == 40
