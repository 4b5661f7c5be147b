"""Images of the study under other files: refused by their pixels, exact and nearly, whatever hashes the files have."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.data.store.derived import AddedImages, derive_store
from ganoscope.errors import UserError
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import make_design
from ganoscope.workflows.phantom import phantom

CONFIG = StudyConfig(arms=("baseline", "classical"), families=("random_features",), repeats=3, folds=2)
OTHER_TOOL = replace(CONFIG, arms=("baseline", "external"), synthetic="", synthetic_patients="none")
COPIED = 4


@pytest.fixture(scope="module")
def store(phantom_store):
    return Store.open(phantom_store)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """A store of other patients."""
    folder = tmp_path_factory.mktemp("others") / "alike"
    phantom(folder, PhantomConfig(modality="mri", number=150, size=32, seed=7))
    return Store.open(folder)


def add_copies(others, store, folder, change=lambda pixels: pixels):
    """Writes a store of other patients, and some images of the study that were saved anew under other names."""
    places = store.indices("train")[:COPIED]
    rows = [
        replace(
            row, sample_id=f"renamed-{number}", patient="", group=f"renamed-{number}", source_sha256=f"{number:064x}"
        )
        for number, row in enumerate(list(store.samples())[place] for place in places)
    ]
    pixels = np.stack([change(store.images[place]) for place in places]).astype(store.intensity.dtype)
    added = AddedImages(pixels, rows)
    return derive_store(others, others.column("split"), folder, added).path


def brighten(pixels):
    """A mirrored copy, a little brighter, enlarged and made smaller again."""
    picture = Image.fromarray(pixels[:, ::-1].astype(np.float32)).resize((61, 61)).resize(pixels.shape)
    return np.clip(np.asarray(picture) * 1.04, pixels.min(), pixels.max())


def refuse(store, config):
    with pytest.raises(UserError) as told:
        make_design(store, config)
    return str(told.value)


def choose(option, path):
    return replace(OTHER_TOOL if option == "synthetic" else CONFIG, **{option: path})


@pytest.mark.parametrize("option", ["external", "synthetic"])
def test_the_same_pixels_are_refused_with_their_number(option, store, others, tmp_path):
    path = add_copies(others, store, tmp_path / "copies")
    told = refuse(store, choose(option, path))
    assert f"--{option} {path} holds images of the study's own store, by their pixels: got {COPIED} of " in told
    assert "(renamed-0, renamed-1, renamed-2, ...)" in told


@pytest.mark.parametrize("option", ["external", "synthetic"])
def test_near_duplicates_are_refused_with_their_number(option, store, others, tmp_path):
    path = add_copies(others, store, tmp_path / "copies", brighten)
    told = refuse(store, choose(option, path))
    assert f"--{option} {path} holds near-duplicates of images of the study's own store: got {COPIED} of " in told
    assert "by their pixels" not in told


def test_a_tool_that_may_have_seen_the_study_may_repeat_it_but_not_hand_its_images_on(store, others, tmp_path):
    unknown = replace(OTHER_TOOL, synthetic_patients="unknown")
    make_design(store, replace(unknown, synthetic=add_copies(others, store, tmp_path / "near", brighten)))
    same = add_copies(others, store, tmp_path / "same")
    assert "by their pixels" in refuse(store, replace(unknown, synthetic=same))


def test_other_patients_are_taken_and_a_frozen_design_is_not_searched_again(store, others, tmp_path):
    for option in ("external", "synthetic"):
        make_design(store, choose(option, others.path))
    path = add_copies(others, store, tmp_path / "copies")
    assert (
        make_design(store, choose("external", path), frozen=True)[0].hashes["external"] == Store.open(path).fingerprint
    )
