"""Mixing added images with real ones: shares by epoch, whole passes, equal steps, and schedules with faults."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganoscope.errors import UserError
from ganoscope.training.classifier.mix import Mix, Stage, choose_mixed, parse_schedule, refuse_unfit_mix

REAL, ADDED = np.arange(20), np.arange(100, 130)


def see(mix, images, batch_size):
    chosen = [choose_mixed(REAL, ADDED, mix, seen, batch_size, 3) for seen in range(0, images, batch_size)]
    return np.concatenate(chosen)


@given(st.floats(0, 1), st.integers(1, 5))
def test_every_epoch_has_its_share_whatever_the_batch_size(share, epochs):
    mix = Mix((Stage(0, share),), 60)
    seen = see(mix, 60 * epochs, 12)
    counts = (seen.reshape(epochs, 60) >= 100).sum(1)
    assert (counts == int(share * 60 + 1e-9)).all()
    assert seen.tolist() == see(mix, 60 * epochs, 5).tolist()


def test_a_curriculum_changes_the_share_from_its_epoch_on():
    mix = Mix(parse_schedule("0:0,1:0.25,3:0.5"), 40)
    counts = (see(mix, 200, 8).reshape(5, 40) >= 100).sum(1)
    assert counts.tolist() == [0, 10, 10, 20, 20]


def test_no_image_is_repeated_before_all_others_of_its_kind_were_seen():
    seen = see(Mix((Stage(0, 0.5),), 40), 120, 8)
    added, real = seen[seen >= 100], seen[seen < 100]
    assert np.bincount(real).tolist() == [3] * 20
    assert sorted(added[:30].tolist()) == ADDED.tolist()
    assert np.bincount(added - 100).max() == 2


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "can't be read: got nothing"),
        ("0:0,5", "can't be read: got 5"),
        ("0:0,x:0.5", "can't be read: got x:0.5"),
        ("0:nan", "can't be read: got 0:nan"),
        ("0:0,5:1.5", "out of range: got 1.5"),
        ("0:0,5:0.5,3:0.6", "goes backwards: got epoch 3 after 5"),
        ("2:0.5", "does not begin at epoch 0: got 2"),
    ],
)
def test_a_schedule_with_a_fault_is_refused(text, fault):
    with pytest.raises(UserError, match=fault):
        parse_schedule(text)


def test_all_faults_of_a_schedule_are_told_at_once():
    with pytest.raises(UserError) as told:
        parse_schedule("1:2,1:0.5")
    assert [line.split(":")[0] for line in str(told.value).splitlines()] == [
        "--schedule has a share out of range",
        "--schedule goes backwards",
        "--schedule does not begin at epoch 0",
    ]


def test_a_mix_without_its_images_is_refused():
    with pytest.raises(UserError, match="asks for added images"):
        refuse_unfit_mix(Mix((Stage(0, 0.5),), 60), real=20, added=0, batch_size=8)
    with pytest.raises(UserError, match="asks for real images"):
        refuse_unfit_mix(Mix((Stage(0, 0.5),), 60), real=0, added=5, batch_size=8)
    with pytest.raises(UserError, match="shorter than a batch: got 6"):
        refuse_unfit_mix(Mix((Stage(0, 0.0),), 6), real=6, added=0, batch_size=8)
