"""Members and non-members: patients on one side, images that are in both left out, sizes limited."""

import numpy as np
import pytest
from tests.fixtures.made_up_stores import write_store

from ganoscope.audits.membership import real_sets
from ganoscope.audits.membership.real_sets import gather_sets
from ganoscope.data.real_images import RealImages
from ganoscope.errors import UserError


def make(path, count, seed=0, groups=None):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (count, 32, 32)).astype(np.uint8)
    names = range(count) if groups is None else groups
    return write_store(path, [{"group": f"g-{name}", "patient": f"p-{name}"} for name in names], pixels)


def test_members_come_first_and_images_are_those_of_the_stores(tmp_path):
    store = make(tmp_path / "store", 60)
    sets = gather_sets(RealImages(store, np.arange(30)), RealImages(store, np.arange(30, 60)), 0)
    assert sets.member.tolist() == [True] * 30 + [False] * 30
    assert (sets.images[:] == store.load_images(np.arange(60))).all()
    assert sets.sample_ids.tolist() == store.column("sample_id").tolist()
    assert len(np.unique(sets.suspects.groups)) == 60
    part = sets.take(np.array([40, 1]))
    assert part.member.tolist() == [False, True]
    assert part.sample_ids.tolist() == ["id-40", "id-1"]
    assert (part.images[:] == store.load_images(np.array([1, 40]))[::-1]).all()


def test_patients_of_another_store_are_other_patients_and_equal_images_are_left_out(tmp_path):
    one, other = make(tmp_path / "one", 40), make(tmp_path / "other", 60, seed=1)
    shared = make(tmp_path / "shared", 60)  # its first 40 images are those of `one`
    sets = gather_sets(RealImages(one, np.arange(40)), RealImages(other, np.arange(60)), 0)
    assert (sets.shared, len(np.unique(sets.suspects.groups))) == (0, 100)
    sets = gather_sets(RealImages(one, np.arange(15, 40)), RealImages(shared, np.arange(10, 60)), 0)
    assert (sets.shared, int((~sets.member).sum())) in ((30, 20), (25, 25))


def test_a_patient_on_both_sides_is_refused(tmp_path):
    store = make(tmp_path / "store", 60, groups=[*range(30), 0, *range(31, 60)])
    with pytest.raises(UserError, match=r"are among the members: got 1 group; allowed: none"):
        gather_sets(RealImages(store, np.arange(30)), RealImages(store, np.arange(30, 60)), 0)


def test_too_few_patients_are_refused_on_either_side(tmp_path):
    store = make(tmp_path / "store", 30)
    with pytest.raises(UserError, match=r"(?s)members are of too few patients: got 19.*held-out.*got 11; allowed: 20"):
        gather_sets(RealImages(store, np.arange(19)), RealImages(store, np.arange(19, 30)), 0)


def test_large_sets_are_sampled(tmp_path, monkeypatch):
    monkeypatch.setattr(real_sets, "MOST_IMAGES", 25)
    store = make(tmp_path / "store", 80)
    sides = RealImages(store, np.arange(50)), RealImages(store, np.arange(50, 80))
    first, again, other = (gather_sets(*sides, seed) for seed in (0, 0, 1))
    assert first.member.sum() == (~first.member).sum() == 25
    assert first.sample_ids.tolist() == again.sample_ids.tolist() != other.sample_ids.tolist()
