"""The question about membership: leaking generators, good ones, split bias, runs, banks, and what is refused."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from tests.fixtures.made_up_stores import write_store

from ganoscope.audits.audit_evidence import AuditEvidence, SyntheticImages
from ganoscope.audits.questions.membership import QUESTION, RANK, ask
from ganoscope.data.real_images import RealImages
from ganoscope.errors import UserError
from ganoscope.evaluate.attacks import attack_controls, split_bias

SIDE = 32


@pytest.fixture(autouse=True)
def few_splits(monkeypatch):
    monkeypatch.setattr(attack_controls, "SPLITS", 400)
    monkeypatch.setattr(split_bias, "PERMUTATIONS", 99)


def draw(count, seed):
    """8-bit smooth noise, shape (count, SIDE, SIDE)."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(count, SIDE, SIDE)), (0, 3, 3))
    return np.rint(128 + 40 * noise / noise.std()).clip(0, 255).astype(np.uint8)


def scale(pixels):
    return (pixels.astype(np.float32) / 127.5 - 1)[:, None]


def make_rows(count):
    """Patients of two images each; the first half of them are members."""
    half = count // 2
    return [
        {"patient": f"p-{i // 2}", "group": f"g-{i // 2}", "split": "train" if i < half else "test"}
        for i in range(count)
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """200 members' images and 200 of other patients."""
    return write_store(tmp_path_factory.mktemp("stores") / "real", make_rows(400), draw(400, 0))


def imagine(images):
    return SyntheticImages(np.arange(len(images)).astype(str), lambda chosen: images[chosen], None, "test", "0")


def gather(store, images, **others):
    members, held_out = (RealImages(store, store.indices(split)) for split in ("train", "test"))
    return AuditEvidence(imagine(images), members, held_out, **others)


def replay(store, share, seed=1):
    """Other images, among them some of the members'."""
    images = scale(draw(300, seed))
    members = store.load_images(store.indices("train"))
    count = round(share * len(members))
    images[:count] = members[:count]
    return images


def test_a_generator_that_replays_members_leaks_and_the_verdict_says_how_that_was_seen(store):
    answer = ask(gather(store, replay(store, 0.15)))
    assert answer.outcome == "fault"
    assert answer.verdict.startswith("Leak shown: density ratio tells members from held-out patients with AUC 0.5")
    assert "Threat: the attacker has the released images" in answer.verdict
    assert answer.details["attacks"]["density_ratio"]["p_adjusted"] < 0.05
    assert not answer.details["attacks"]["nearest_distance"]["evidence_alone"]
    json.dumps(answer.details)


def test_an_independent_generator_does_not_and_the_verdict_says_what_would_have_been_seen(store):
    answer = ask(gather(store, replay(store, 0)))
    assert answer.outcome == "clear"
    assert answer.verdict.startswith("No leak shown; a leak of at least AUC 0.5")
    assert "% of the members outright, would have been seen (power 80%)" in answer.verdict
    assert answer.details["not_tried"] == {
        "discriminator_score": "only images were given, no run",
        "inversion": "not tested at depth quick; depth full does it",
        "shadow_density": "no bank was given",
        "shadow_discriminator": "no bank was given",
    }


def test_values_carry_intervals_floors_and_only_rates_that_can_be_resolved(store):
    values = {value.name: value.measured for value in ask(gather(store, replay(store, 0))).values}
    assert {"split_bias_auc", "density_ratio_auc", "nearest_distance_auc", "density_ratio_epsilon"} < set(values)
    auc = values["density_ratio_auc"]
    assert auc.value.low < auc.value.value < auc.value.high
    assert auc.floor.low < 0.5 < auc.floor.high
    rates = {name for name in values if "found_at" in name}
    assert rates == {f"density_ratio_found_at_{rate}_percent" for rate in (0, 5, 10)}  # 100 patients are held out
    assert "no evidence" in values["nearest_distance_auc"].warnings[0]


def test_the_same_seed_gives_the_same_answer(store):
    evidence = gather(store, replay(store, 0.1), seed=4)
    first, again = ask(evidence), ask(evidence)
    assert first.verdict == again.verdict
    assert first.details == again.details


def test_sets_that_differ_by_themselves_are_called_so_and_what_sees_only_that_is_no_leak(tmp_path):
    pixels = draw(400, 0)
    pixels[200:] = pixels[200:] // 2 + 20  # held-out images are darker
    biased = write_store(tmp_path / "real", make_rows(400), pixels)
    answer = ask(gather(biased, scale(draw(300, 1))))  # as bright as members, and none of them
    assert answer.outcome == "clear"
    assert "The sets differ by themselves: split bias (AUC 1.00" in answer.verdict
    assert "only what goes beyond that counts as a leak" in answer.verdict


def test_held_out_images_that_look_like_members_are_warned_of(store):
    images = store.load_images(store.indices("test"))
    answer = ask(gather(store, images))
    assert answer.outcome == "clear"
    assert "are the two sets swapped" in answer.warnings[0]


def test_few_synthetic_images_are_warned_of(store):
    assert ask(gather(store, scale(draw(20, 1)))).warnings == ("20 synthetic images show little of a generator.",)


def test_without_held_out_patients_it_is_refused(store):
    evidence = gather(store, replay(store, 0))
    for given in (None, RealImages(store, np.array([], np.int64))):
        with pytest.raises(UserError, match=r"can't be tested without held-out patients: got none"):
            ask(replace(evidence, held_out=given))


def test_it_stands_on_the_scorecard():
    assert QUESTION.endswith("?")
    assert isinstance(RANK, int)
    assert asdict(imagine(scale(draw(2, 0))))["source"] == "test"
