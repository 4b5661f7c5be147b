"""Planted copies are called, other patients are not; without held-out images candidates are listed and no p values."""

from dataclasses import replace

import numpy as np
import pytest

from ganoscope.audits.audit_evidence import AuditEvidence, SyntheticImages
from ganoscope.audits.questions import copied_images
from ganoscope.audits.questions.copied_images import ask
from ganoscope.copies import candidate_members as candidates
from ganoscope.copies import copy_search, null, views
from ganoscope.data.phantoms import make_phantom
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store
from ganoscope.workflows.phantom import phantom

STRANGERS, COPIES = 12, 4


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    path = tmp_path_factory.mktemp("stores") / "mri"
    phantom(path, PhantomConfig(modality="mri", number=480, size=32))
    store = Store.open(path)
    members = RealImages(store, store.indices("train"))
    held_out = RealImages(store, store.indices("validation", "test"))
    others = [make_phantom("mri", 4 * at, 32, seed=77).pixels for at in range(STRANGERS)]
    strangers = np.stack(others).astype(np.float32) / 127.5 - 1
    copies = store.load_images(members.indices[:COPIES])[:, 0, :, ::-1]
    images = np.concatenate([copies, strangers])[:, None]
    names = np.array([f"image-{at}.png" for at in range(len(images))])
    synthetic = SyntheticImages(names, lambda at: images[at], None, "made in a test", "")
    return AuditEvidence(synthetic, members, held_out)


@pytest.fixture(autouse=True)
def few_views(monkeypatch):
    few = candidates.Views(views.list_views((0,), (1.0,)), (views.View(),))
    monkeypatch.setattr(copy_search, "choose_views", lambda pairs: few)
    monkeypatch.setattr(copy_search, "PLANTED", 6)


def test_copies_are_called_and_other_patients_are_not(evidence):
    answer = ask(evidence)
    assert answer.outcome == "fault"
    called = answer.columns["copy"]
    assert called[:COPIES] == ["yes"] * COPIES
    assert called[COPIES:] == ["no"] * STRANGERS
    store, members = evidence.members.store, evidence.members.indices
    assert answer.columns["nearest_sample_id"][:COPIES] == store.column("sample_id")[members[:COPIES]].tolist()
    assert all("mirrored left to right" in how for how in answer.columns["how"][:COPIES])
    assert f"{called.count('yes')} of 16 images" in answer.verdict and "planted copies" in answer.verdict
    assert answer.sheets["copies.png"].dtype == np.uint8
    assert {len(column) for column in answer.columns.values()} == {COPIES + STRANGERS}


def test_without_copies_the_verdict_says_what_would_have_been_seen(evidence, monkeypatch):
    monkeypatch.setattr(copy_search, "alter", lambda image, generator: image[:, ::-1])
    load = evidence.synthetic.load
    clean = replace(evidence.synthetic, names=evidence.synthetic.names[COPIES:], load=lambda at: load(at + COPIES))
    answer = ask(replace(evidence, synthetic=clean))
    assert answer.outcome == "clear" and answer.verdict.startswith("No copy shown: none of 12 images")
    assert "6 of 6 planted copies" in answer.verdict
    assert 0 < answer.details["share_limit"] < 1


@pytest.mark.parametrize("number", [0, 20])
def test_without_held_out_images_there_are_candidates_and_no_p_values(evidence, number):
    held_out = RealImages(evidence.members.store, evidence.held_out.indices[:number]) if number else None
    answer = ask(replace(evidence, held_out=held_out))
    assert answer.outcome == "untested" and f"got {number} held-out" in answer.verdict
    assert "p_value" not in answer.columns and "copy" not in answer.columns
    assert len(answer.columns["nearest_sample_id"]) == COPIES + STRANGERS


def test_held_out_images_that_repeat_members_are_left_out_where_patients_are_unknown(evidence, monkeypatch):
    members = evidence.members
    mixed = RealImages(members.store, np.concatenate([evidence.held_out.indices[:5], members.indices[:3]]))
    assert null.choose_held_out(members, mixed, 0).left_out == 0
    assert null.find_repeated(members, mixed, np.arange(8))[5:].all()
    nobody = np.full(members.store.count, "")
    column = type(members.store).column
    monkeypatch.setattr(
        type(members.store), "column", lambda self, name: nobody if name == "patient" else column(self, name)
    )
    chosen = null.choose_held_out(members, mixed, 0)
    assert not chosen.patients_known and chosen.left_out >= 3 and not set(chosen.positions) & {5, 6, 7}


def test_where_no_planted_copy_is_found_nothing_is_clear(evidence, monkeypatch):
    load = evidence.synthetic.load
    clean = replace(evidence.synthetic, names=evidence.synthetic.names[COPIES:], load=lambda at: load(at + COPIES))
    monkeypatch.setattr(copy_search, "alter", lambda image, generator: generator.uniform(-1, 1, image.shape))
    answer = ask(replace(evidence, synthetic=clean))
    assert answer.outcome == "untested"
    assert "0 of 6 planted copies" in answer.verdict and "can't be told" in answer.verdict


def test_the_limit_follows_from_what_was_found():
    chance = copied_images.Chance(null.HeldOut(np.arange(100), 0, True), {}, 60, 60)
    limit = copied_images.find_limit(1000, chance)
    assert 0.0037 < limit < 0.0041
    assert copied_images.find_limit(1000, replace(chance, found=0)) == 1
