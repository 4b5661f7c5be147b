from types import SimpleNamespace

import numpy as np
import pytest
from tests.fixtures.made_up_stores import write_store

from ganoscope.audits.opening.image_roles import assign_roles
from ganoscope.errors import UserError

SPLITS = ["train"] * 4 + ["validation"] * 2 + ["test"] * 4


@pytest.fixture
def store(tmp_path):
    groups = [{"group": f"g-{index // 2}", "split": split} for index, split in enumerate(SPLITS)]
    return write_store(tmp_path / "store", groups)


def make_run(store, chosen):
    ids = store.column("sample_id")[chosen].tolist()
    return SimpleNamespace(path="run", record=SimpleNamespace(sample_ids=ids, store="store"))


def test_a_folder_has_learned_from_the_training_split(store):
    roles = assign_roles(store, None, None, None)
    assert roles.members.indices.tolist() == [0, 1, 2, 3]
    assert roles.held_out.indices.tolist() == [6, 7, 8, 9]
    assert roles.others.indices.tolist() == [4, 5]
    assert any("taken from the training split" in note for note in roles.notes)


def test_a_run_has_learned_from_the_images_that_it_names_and_no_patient_plays_two_parts(store):
    roles = assign_roles(store, make_run(store, [0, 6]), None, None)
    assert roles.members.indices.tolist() == [0, 6]
    assert roles.held_out.indices.tolist() == [8, 9]
    assert roles.others.indices.tolist() == [2, 3, 4, 5]
    assert any("2 images of the test split are of patients" in note for note in roles.notes)


def test_a_run_of_another_store_is_refused(store):
    with pytest.raises(UserError, match="lacks images that run run has learned from: got 1 of 2"):
        assign_roles(
            store, SimpleNamespace(path="run", record=SimpleNamespace(sample_ids=["id-0", "x"], store="s")), None, None
        )


def test_a_store_of_held_out_patients_takes_the_place_of_the_test_split(store, tmp_path):
    rng = np.random.default_rng(5)
    other = write_store(tmp_path / "other", [{}] * 6, rng.integers(0, 256, (6, 16, 16)).astype(np.uint8))
    roles = assign_roles(store, None, other.path, None)
    assert roles.held_out.store.path == other.path
    assert roles.held_out.indices.tolist() == list(range(6))
    assert roles.others.indices.tolist() == [4, 5, 6, 7, 8, 9]


def test_a_store_that_shares_images_is_refused(store, tmp_path):
    pixels = np.asarray(store.images[[0, 1, 2]])
    shared = write_store(tmp_path / "shared", [{}] * 3, pixels)
    for arguments in ((shared.path, None), (None, shared.path)):
        with pytest.raises(UserError, match="holds images of --real, or near-duplicates of them: got 3 of 3"):
            assign_roles(store, None, *arguments)


def test_a_store_without_held_out_patients_says_so(tmp_path):
    store = write_store(tmp_path / "store", [{"split": "train", "patient": ""}] * 4)
    roles = assign_roles(store, None, None, None)
    assert (roles.held_out, roles.others) == (None, None)
    assert any("no held-out patients" in note for note in roles.notes)
    assert any("nothing can be claimed about patients" in note for note in roles.notes)
    with pytest.raises(UserError, match="no training split"):
        assign_roles(write_store(tmp_path / "test", [{"split": "test"}] * 4), None, None, None)
