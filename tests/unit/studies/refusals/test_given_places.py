"""Runs and stores given by path: what does not fit the study's store is refused before anything is trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.data.store.derived import derive_store
from ganoscope.errors import UserError
from ganoscope.nets.pretrained.published import make_shapes
from ganoscope.reports.study.printed import list_design
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import make_design
from ganoscope.studies.refusals.given_places import list_tested_splits
from ganoscope.studies.split_tasks import SplitTasks, find_baseline
from ganoscope.workflows.phantom import phantom

CONFIG = StudyConfig(arms=("baseline", "classical"), families=("random_features",), repeats=3, folds=2)
OTHER_TOOL = replace(CONFIG, arms=("baseline", "external"), synthetic="", synthetic_patients="none")


@pytest.fixture(scope="module")
def store(phantom_store):
    return Store.open(phantom_store)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Stores of other patients: alike, larger, of another modality."""
    folder = tmp_path_factory.mktemp("others")
    for name, modality, size in (("alike", "mri", 32), ("larger", "mri", 64), ("ct", "ct", 32)):
        phantom(folder / name, PhantomConfig(modality=modality, number=150, size=size, seed=7))
    return folder


def keep(store, wanted, folder):
    """Writes a store of some images, with all of them for testing."""
    return derive_store(store, np.where(wanted, "test", ""), folder).path


def refuse(store, config):
    with pytest.raises(UserError) as told:
        make_design(store, config)
    return str(told.value)


@pytest.mark.parametrize("option", ["external", "synthetic"])
def test_images_of_another_size_or_intensity_range_are_refused(option, store, others):
    """Real images normalised in one way and fakes, or test images, in another would be told apart by that alone."""
    config = OTHER_TOOL if option == "synthetic" else CONFIG
    larger = refuse(store, replace(config, **{option: others / "larger"}))
    assert f"--{option} {others / 'larger'} has images of another size: got 64 px; allowed: 32 px" in larger
    assert "has images of another intensity range: got -1024 to 1500 HU" in refuse(
        store, replace(config, **{option: others / "ct"})
    )


def test_a_test_set_with_one_class_is_refused(store, others, tmp_path):
    alike = Store.open(others / "alike")
    single = keep(alike, alike.column("label") == "glioma", tmp_path / "single")
    told = refuse(store, replace(CONFIG, external=single))
    assert f"--external {single} has one class: got glioma; allowed: glioma, meningioma, notumor" in told
    assert "precision is 1" in told


def test_a_test_set_without_one_of_the_classes_is_refused(store, others, tmp_path):
    alike = Store.open(others / "alike")
    two = keep(alike, alike.column("label") != "glioma", tmp_path / "two")
    assert "has other classes: got meningioma, notumor" in refuse(store, replace(CONFIG, external=two))


@pytest.mark.parametrize("option", ["external", "synthetic"])
def test_images_of_the_study_itself_are_refused(option, store, tmp_path):
    config = OTHER_TOOL if option == "synthetic" else CONFIG
    taken = keep(store, store.column("split") == "train", tmp_path / "taken")
    count = len(store.indices("train"))
    told = refuse(store, replace(config, **{option: taken}))
    assert f"holds images of the study's own store: got {count} of {count}" in told


def test_too_few_images_of_another_tool_are_refused_class_by_class(store, others):
    told = refuse(store, replace(OTHER_TOOL, synthetic=others / "alike", ratios=(50.0,)))
    assert sum("has too few images of class" in line for line in told.splitlines()) == 3


def test_a_store_of_other_patients_is_taken(store, others):
    assert make_design(store, replace(CONFIG, external=others / "alike"))[0].hashes.keys() == {"external"}


def test_of_the_studys_own_store_the_test_split_alone_is_an_external_test(store):
    assert make_design(store, replace(CONFIG, external=store.path))[0].hashes["external"] == store.fingerprint
    assert list_tested_splits(store.fingerprint, store.fingerprint) == ["test"]
    assert len(list_tested_splits("another", store.fingerprint)) == 3


def test_a_run_of_another_store_is_refused(conditional_run, others):
    config = replace(CONFIG, arms=("baseline", "augmented"), generator_run=conditional_run)
    told = refuse(Store.open(others / "alike"), config)
    assert f"--generator-run {conditional_run} was trained on another store: got " in told


def test_a_run_without_classes_is_refused(tiny_run, store):
    told = refuse(store, replace(CONFIG, arms=("baseline", "augmented"), generator_run=tiny_run))
    assert f"--generator-run {tiny_run} has other classes: got none, as of every dcgan" in told


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of the shapes of torchvision's for EfficientNet-B1, with zeros."""
    path = tmp_path_factory.mktemp("weights") / "efficientnet.safetensors"
    save_file({name: torch.zeros(tuple(shape)) for name, shape in make_shapes("efficientnet_b1").items()}, path)
    return path


def test_weights_are_for_the_families_that_they_fit_and_the_design_says_so(store, weights):
    families = ("small_cnn", "efficientnet_b1", "resnet50", "random_features")
    design = make_design(store, replace(CONFIG, families=families, weights=weights))[0]
    assert design.pretrained == ("efficientnet_b1",)
    told = list_design(design)["weights"]
    assert told.startswith("efficientnet.safetensors for efficientnet_b1, of which the head alone is trained")
    assert "small_cnn, resnet50 begin" in told
    split, baseline = SplitTasks(design, store.path, 0), find_baseline(design)
    tasks = {family: split.fit(baseline, family, 0, 0) for family in families}
    assert {family for family, task in tasks.items() if "weights" in task.places} == {"efficientnet_b1"}
    frozen = {family: task.arguments["config"]["freeze_body"] for family, task in tasks.items()}
    assert frozen == {family: family == "efficientnet_b1" for family in families}


def test_weights_that_fit_no_family_are_refused_with_the_reasons(store, weights):
    told = refuse(store, replace(CONFIG, families=("small_cnn", "resnet50"), weights=weights))
    assert f"--weights {weights} fits none of --families: got small_cnn, resnet50; allowed: densenet121, " in told
    assert "weights file does not fit resnet50" in told
