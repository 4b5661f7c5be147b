import numpy as np
from tests.fixtures.audits import make_evidence, take_real

from ganoscope.audits.questions import impossible_images


def test_real_images_pass_and_the_verdict_says_what_would_have_been_seen(phantom_store):
    images, labels = take_real(phantom_store, "train")
    answer = impossible_images.ask(make_evidence(phantom_store, images, labels))
    assert answer.outcome == "clear"
    assert "would have been seen" in answer.verdict
    assert answer.columns["impossible"] == [""] * len(images)
    assert not answer.sheets


def test_one_empty_field_and_one_value_out_of_range_are_faults_and_are_named(phantom_store):
    images, labels = take_real(phantom_store, "train")
    images = images.copy()
    images[3], images[7, 0, 16, 16] = -0.5, 2.0
    answer = impossible_images.ask(make_evidence(phantom_store, images, labels))
    assert answer.outcome == "fault"
    assert answer.verdict == f"2 images of {len(images)} can't be: out of range 1, empty field 1."
    reasons = answer.columns["impossible"]
    assert (reasons[3], reasons[7]) == ("empty_field", "out_of_range")
    assert answer.details["flagged"] == ["00003.png", "00007.png"]
    assert answer.sheets["impossible_images.png"].shape == (32, 64)


def test_cut_bodies_are_a_fault_only_beyond_what_held_out_images_show(phantom_store):
    images, labels = take_real(phantom_store, "train")
    for cut, outcome in ((0, "clear"), (40, "fault")):
        moved = images.copy()
        moved[:cut] = np.roll(moved[:cut], 14, axis=2)
        answer = impossible_images.ask(make_evidence(phantom_store, moved, labels))
        assert answer.outcome == outcome
        assert answer.details["counts"]["cut_body"] >= cut // 2
