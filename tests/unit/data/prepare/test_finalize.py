"""Finalizing: groups and splits that no patient and no copy crosses."""

import re

import numpy as np
import pytest
from tests.fixtures.prepared import PARTS, SMALL, evidence_of, names_of

from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.errors import UserError
from ganoscope.workflows.prepare import prepare


def split_of(store):
    return dict(zip(names_of(store), store.column("split").tolist(), strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_exact_copies_share_a_split_and_have_ids_of_their_own(make_source, target, pictures, seed):
    source = make_source(
        {**pictures, "well/copy1.png": pictures["well/scan00.png"], "copy2.png": pictures["well/scan00.png"]}
    )
    store = prepare(source, target, PrepareConfig(size=16, seed=seed))
    splits = split_of(store)
    assert splits["well/copy1.png"] == splits["copy2.png"] == splits["well/scan00.png"]
    ids = store.column("sample_id").tolist()
    assert len(set(ids)) == 14
    assert sorted(name[12:] for name in ids)[-2:] == ["-1", "-2"]
    assert evidence_of(store)["exact_copies"] == {"copies": 2}


@pytest.mark.parametrize("seed", range(4))
def test_near_duplicates_share_a_split(make_source, target, pictures, seed):
    brighter = np.rint(pictures["sick/scan03.png"] * 0.7 + 60).astype(np.uint8)
    store = prepare(make_source({**pictures, "other.png": brighter}), target, PrepareConfig(size=16, seed=seed))
    splits = split_of(store)
    assert splits["other.png"] == splits["sick/scan03.png"]
    assert evidence_of(store)["patients_unknown"] == {"images": 13, "clustered": 2, "largest_cluster": 2}
    assert "exact_copies" not in evidence_of(store)


@pytest.mark.parametrize("seed", range(6))
def test_overlap_of_the_source_splits_is_no_longer_held_out_and_told(make_source, target, smooth, seed):
    train = {f"Training/a/{n}.png": smooth(n) for n in range(10)}
    test = {f"Testing/a/{n}.png": smooth(100 + n) for n in range(5)}
    leaks = {
        "Testing/a/copy.png": smooth(0),
        "Testing/a/near.png": np.rint(smooth(1) * 0.8 + 20).astype(np.uint8),
    }
    store = prepare(make_source({**train, **test, **leaks}), target, PrepareConfig(size=16, seed=seed))
    splits = split_of(store)
    assert splits["Testing/a/copy.png"] == splits["Training/a/0.png"] != "test"
    assert splits["Testing/a/near.png"] == splits["Training/a/1.png"] != "test"
    assert {splits[name] for name in test} == {"test"}
    assert {splits[name] for name in train} == {"train", "validation"}
    assert evidence_of(store)["source_split_overlap"] == {"identical": 1, "moved": 2}


@pytest.mark.parametrize("pattern", [r"^(p\d+)_", None])
def test_images_of_a_patient_share_a_split_and_a_pseudonym(make_source, target, smooth, pattern):
    stem = "p{}_{}.png" if pattern else "person{}_virus_{}.jpeg"
    names = {stem.format(700 + n % 8, n): smooth(n) for n in range(24)}
    store = prepare(make_source(names), target, PrepareConfig(size=16, patient_pattern=pattern))
    by_patient: dict[str, set] = {}
    for sample, name in zip(store.samples(), names_of(store), strict=True):
        by_patient.setdefault(re.match(r"[a-z]+\d+", name)[0], set()).add((sample.patient, sample.split, sample.group))
    assert len(by_patient) == 8
    assert all(len(values) == 1 for values in by_patient.values())
    assert set(store.column("split").tolist()) == PARTS
    assert len(set(store.column("patient").tolist())) == 8
    assert "patients_unknown" not in evidence_of(store)


def test_copies_under_two_patients_join_both(make_source, target, smooth):
    names = {f"p{n // 2}_{n}.png": smooth(n) for n in range(12)} | {"p1_copy.png": smooth(0)}
    store = prepare(make_source(names), target, PrepareConfig(size=16, patient_pattern=r"^(p\d+)_"))
    groups = dict(zip(names_of(store), store.column("group").tolist(), strict=True))
    assert len({groups[name] for name in ("p0_0.png", "p0_1.png", "p1_2.png", "p1_3.png", "p1_copy.png")}) == 1
    assert len(set(groups.values())) == 5


def test_pattern_that_matches_no_name_leaves_patients_unknown(make_source, target, pictures):
    store = prepare(make_source(pictures), target, PrepareConfig(size=16, patient_pattern=r"nobody(\d)"))
    assert set(store.column("patient").tolist()) == {""}
    assert evidence_of(store)["patients_unknown"]["images"] == 12


def test_one_image_is_too_few(make_source, target, smooth):
    with pytest.raises(UserError, match=r"got 1 image\(s\) in 1 group"):
        prepare(make_source({"only.png": smooth(0)}), target, SMALL)
    assert not target.exists()


def test_copies_of_one_image_are_too_few(make_source, target, smooth):
    with pytest.raises(UserError, match=r"got 9 image\(s\) in 1 group"):
        prepare(make_source({f"{n}.png": smooth(0) for n in range(9)}), target, SMALL)


def test_shares_reach_the_splits(make_source, target, smooth):
    source = make_source({f"{n}.png": smooth(n) for n in range(20)})
    store = prepare(source, target, PrepareConfig(size=16, validation=0.2, test=0.4))
    assert {part: len(store.indices(part)) for part in PARTS} == {"train": 8, "validation": 4, "test": 8}
