"""Modules of the user's own in studies and banks: named by the user, hashed, and run in the processes of tasks."""

import sys
from dataclasses import replace

import pytest
from tests.fixtures.commands import run

from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.registry import STATED
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import freeze, make_design
from ganoscope.studies.split_tasks import SplitTasks, find_baseline
from ganoscope.tasks.own_modules import find_modules, hash_module, import_modules

NET = '''"""A network of the user's own."""

from torch import nn

from ganoscope.nets.parts.pooled_classifier import PooledClassifier


def build(classes, channels=1):
    return PooledClassifier(nn.Sequential(nn.Conv2d(channels, 8, 3, 4, 1), nn.ReLU()), 8, classes, 0.0)
'''
FAMILY, METHOD = "own_for_study.net", "own_for_study.gan"
CONFIG = StudyConfig(arms=("baseline", "classical"), families=("random_features",), repeats=3, folds=2)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of the user's own on Python's path, with a network and a method."""
    folder = tmp_path / "modules" / "own_for_study"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "net.py").write_text(NET)
    (folder / "gan.py").write_text("from ganoscope.methods.cgan import *  # noqa: F403\n")
    monkeypatch.syspath_prepend(folder.parent)
    yield folder
    for name in [one for one in (*sys.modules, *STATED) if one.startswith("own_for_study")]:
        sys.modules.pop(name, None)
        STATED.pop(name, None)


def make_tasks(phantom_store, config):
    design = make_design(Store.open(phantom_store), config)[0]
    return SplitTasks(design, phantom_store, 0)


def test_an_edited_module_is_another_design_and_another_task(package, phantom_store, tmp_path):
    store, config = Store.open(phantom_store), replace(CONFIG, families=(FAMILY,))
    parts = make_design(store, config)
    freeze(tmp_path, parts[0], store, *parts[1:])
    before = SplitTasks(parts[0], store.path, 0).fit(find_baseline(parts[0]), FAMILY, 0, 0)
    (package / "net.py").write_text(NET + "# edited\n")
    parts = make_design(store, config)
    assert SplitTasks(parts[0], store.path, 0).fit(find_baseline(parts[0]), FAMILY, 0, 0).key != before.key
    with pytest.raises(UserError, match="was frozen with hashes"):
        freeze(tmp_path, parts[0], store, *parts[1:])


def test_a_method_of_ones_own_is_hashed_where_it_is_trained_and_drawn_from(package, phantom_store):
    config = replace(CONFIG, arms=("baseline", "augmented"), generator=METHOD)
    split, digest = make_tasks(phantom_store, config), hash_module(METHOD)
    for task in (split.train_generator(), split.provide_images("generated")):
        assert task.arguments["modules"] == {METHOD: digest}


def test_what_is_no_module_of_ones_own_has_no_hash_in_its_tasks(phantom_store):
    split = make_tasks(phantom_store, replace(CONFIG, arms=("baseline", "augmented"), generator="cgan"))
    tasks = (
        split.train_generator(),
        split.provide_images("generated"),
        split.fit(find_baseline(split.design), "small_cnn", 0, 0),
    )
    assert not any("modules" in task.arguments for task in tasks)
    assert find_modules({"weights": "1"}) == {}


def test_a_task_refuses_a_module_that_was_edited_after_the_design(package):
    import_modules({FAMILY: hash_module(FAMILY)})
    with pytest.raises(UserError, match=f"module {FAMILY} was edited since the design was frozen"):
        import_modules({FAMILY: "0" * 64})
    import_modules(None)


@pytest.mark.parametrize(("name", "fault"), [("own_for_study.absent", "can't be imported"), (METHOD, "lacks build")])
def test_a_module_that_is_no_network_is_refused_with_the_options(name, fault, package):
    (package / "gan.py").write_text("")
    with pytest.raises(UserError, match=fault):
        StudyConfig(families=(name,), arms=("baseline", "classical"))


def test_a_package_is_hashed_with_all_its_files(package):
    before = hash_module("own_for_study.net"), hash_module("os.path")
    (package / "parts").mkdir()
    (package / "parts" / "__init__.py").write_text("")
    first = hash_module("own_for_study.parts")
    (package / "parts" / "more.py").write_text("")
    assert hash_module("own_for_study.parts") != first
    assert before == (hash_module("own_for_study.net"), hash_module("os.path"))


@pytest.mark.slow
def test_a_study_of_own_modules_runs_to_its_verdict(package, phantom_store, tmp_path):
    options = ["--families", FAMILY, "--generator", METHOD, "--arms", "baseline", "augmented", "filtered"]
    options += ["--generator-images", 64, "--repeats", 1, "--folds", 2, "--epochs", 1, "--exploratory"]
    options += ["--skip-plots", "--skip-ssim", "--min-label-confidence", 0.01]
    assert run("study", phantom_store, tmp_path / "study", *options) == 0
