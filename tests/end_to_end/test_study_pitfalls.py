"""Mistakes that published studies of this kind made (row E-P): each is tried here, and refused or told first.

Other intensities, test sets with one class and runs of other stores are also tried in `tests/unit/studies/refusals/`.
"""

import csv
import json
import shutil

import numpy as np
import pytest
import torch

from ganoscope.cli import execute
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.data.store.derived import derive_store, make_synthetic
from ganoscope.nets.pretrained import make_network
from ganoscope.studies.arms import ARMS
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import make_design
from ganoscope.studies.judgement import load_judgement
from ganoscope.studies.steps.classifier import gather_added, mix_store
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.training.classifier.epochs import find_best
from ganoscope.training.classifier.mix import Mix, choose_mixed, find_added, parse_schedule
from ganoscope.training.classifier.session import Session
from ganoscope.workflows.phantom import phantom

QUICK = ["--families", "random_features", "--arms", "baseline", "classical", "--repeats", "1", "--folds", "2"]
QUICK += ["--exploratory"]
CONFIG = StudyConfig(arms=("baseline", "classical"), families=("random_features",), repeats=2, folds=3)


def fail(capsys, *arguments):
    """Calls `ganoscope study`, which must refuse; returns what it says."""
    assert execute(["study", *map(str, arguments)]) == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    return told


def test_one_patient_in_train_and_validation_does_not_happen_where_a_patient_has_many_rows(tmp_path):
    """Folds over rows, as of boxes, put images of one patient on both sides."""
    phantom(tmp_path / "store", PhantomConfig(modality="cxr", number=240, size=32))
    store = Store.open(tmp_path / "store")
    _, cohort, splits = make_design(store, CONFIG)
    patients = store.column("patient")[cohort.positions]
    assert len(set(patients.tolist())) < len(patients) / 2, "patients have several images"
    for parts in splits:
        sides = [set(patients[parts == part].tolist()) for part in ("train", "validation", "test")]
        assert all(sides)
        assert sum(map(len, sides)) == len(set(patients.tolist()))


def test_a_generator_that_saw_every_folds_patients_is_told_in_the_first_line_with_their_number(
    conditional_run, phantom_store, tmp_path, capsys
):
    out, run = tmp_path / "study", json.loads((conditional_run / "run.json").read_text())
    arms = [*QUICK[:3], "baseline", "augmented", "--repeats", "1", "--folds", "6"]
    assert execute(["study", str(phantom_store), str(out), *arms, "--generator-run", str(conditional_run)]) == 0
    store = Store.open(phantom_store)
    groups = dict(zip(store.column("sample_id").tolist(), store.column("group").tolist(), strict=True))
    seen, held_out = {groups[one] for one in run["sample_ids"]}, {}
    with (out / "splits.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["part"] == "test":
                held_out.setdefault(row["split"], set()).add(groups[row["sample_id"]])
    number = max(len(each & seen) for each in held_out.values())
    assert number > 0
    words = f"Leaky: one generator serves all splits, and it was trained on up to {number} of the patients or groups"
    assert load_judgement(out).warnings[0].startswith(words)
    assert " ".join((out / "comparison_report.txt").read_text().split()).startswith(words)
    printed = capsys.readouterr().out
    assert printed.index("Leaky: ") < printed.rindex("augmented against baseline")


def test_images_without_a_class_are_not_all_labelled_pneumonia(phantom_store, tiny_run, tmp_path, capsys):
    options = [*QUICK, "--arms", "baseline", "augmented"]
    told = fail(capsys, phantom_store, tmp_path / "study", *options, "--generator", "dcgan")
    assert "--generator has no classes: got dcgan" in told
    told = fail(capsys, phantom_store, tmp_path / "study", *options, "--generator-run", tiny_run)
    assert "labels would be made up" in told
    assert not (tmp_path / "study").exists()


def test_a_test_set_with_one_class_is_refused(phantom_store, tmp_path, capsys):
    phantom(tmp_path / "other", PhantomConfig(modality="mri", number=60, size=32, seed=4))
    other = Store.open(tmp_path / "other")
    single = derive_store(other, np.where(other.column("label") == "glioma", "test", ""), tmp_path / "single").path
    assert "has one class: got glioma" in fail(capsys, phantom_store, tmp_path / "study", *QUICK, "--external", single)
    store = Store.open(phantom_store)
    splits = np.where(store.column("label") == "glioma", store.column("split"), "")
    lone = derive_store(store, splits, tmp_path / "lone").path
    assert "allowed: 2 or more classes" in fail(capsys, lone, tmp_path / "study", *QUICK)


def test_the_best_weights_are_a_copy_that_later_steps_do_not_move(phantom_store, tmp_path):
    """A state kept by reference is that of the last epoch, whatever it is called."""
    options = {"epochs": 4, "patience": 4, "batch_size": 16, "learning_rate": 0.01}
    config = ClassifyConfig(**options, device="cpu", precision="fp32")
    torch.manual_seed(0)
    session = Session(Store.open(phantom_store), tmp_path, config, make_network("small_cnn", 3, "grey"))
    kept, honest = [], session._finish_epoch

    def finish(loss, seconds):
        honest(loss, seconds)
        kept.append({name: value.clone() for name, value in session.average.average.state_dict().items()})

    session._finish_epoch = finish
    session.train()
    best = find_best(session.epochs)
    assert len(kept) == 4
    for number, state in enumerate(kept):
        same = all(torch.equal(value, state[name]) for name, value in session.best.state_dict().items())
        assert same == (number == best)


@pytest.fixture(scope="module")
def mixed(phantom_store, tmp_path_factory):
    """(Real images of a split, generated ones with the same pixels but other frequencies of classes, their mixture)."""
    folder, store = tmp_path_factory.mktemp("mixed"), Store.open(phantom_store)
    data = derive_store(store, np.where(store.column("split") == "test", "", store.column("split")), folder / "data")
    train = data.indices("train")
    labels = data.column("label")[train]
    skewed = np.concatenate([train, *[train[labels == labels[0]]] * 5])
    names = [str(number) for number in range(len(skewed))]
    added = make_synthetic(data, np.asarray(data.images[skewed]), data.column("label")[skewed].tolist(), names)
    images = derive_store(data, np.full(data.count, ""), folder / "images", added)
    chosen = gather_added(data, images, ARMS["curriculum"], 1.0, 0)
    return data, images, mix_store(data, chosen, ARMS["curriculum"], folder / "mixture")


def test_real_and_synthetic_images_are_normalised_alike(mixed):
    """Normalised in two ways, a network would tell real from synthetic, and so one class from another."""
    data, _, mixture = mixed
    fake = np.flatnonzero(mixture.column("added") == "synthetic")
    real = np.flatnonzero((mixture.column("added") == "") & (mixture.column("split") == "train"))
    seen = {image.tobytes() for image in mixture.load_images(real)}
    assert len(fake) > 0
    assert all(image.tobytes() in seen for image in mixture.load_images(fake)), "equal pixels reach the network alike"
    assert mixture.intensity == data.intensity


def test_a_curriculum_keeps_the_prevalence(mixed):
    """Generated images come at other frequencies than real ones; what is added must not."""
    _, images, mixture = mixed
    labels, added = mixture.column("label"), mixture.column("added")
    train = mixture.indices("train")
    is_added = find_added(added, train)
    real, extra = train[~is_added], train[is_added]
    wanted = {name: np.mean(labels[real] == name) for name in set(labels.tolist())}
    first = images.column("label")[0]
    assert np.mean(images.column("label") == first) > wanted[first] + 0.2, "those to choose from are skewed"
    for name, share in wanted.items():
        assert np.mean(labels[extra] == name) == pytest.approx(share, abs=0.02)
    mix = Mix(parse_schedule("0:0.0,1:0.25,2:0.5,3:1.0"), len(real) // 4 * 4)
    for epoch in range(4):
        batches = [
            choose_mixed(real, extra, mix, epoch * mix.epoch_images + start, 4, 0)
            for start in range(0, mix.epoch_images, 4)
        ]
        chosen = np.concatenate(batches)
        for name, share in wanted.items():
            assert np.mean(labels[chosen] == name) == pytest.approx(share, abs=0.12)


@pytest.mark.parametrize("wrong", ["missing", "cut", "black"])
def test_missing_files_are_not_replaced_by_black_images(wrong, phantom_store, tmp_path, capsys):
    store = shutil.copytree(phantom_store, tmp_path / "store")
    path = store / "images.npy"
    if wrong == "missing":
        path.unlink()
    elif wrong == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        pixels = np.load(path)
        pixels[3:9] = 0
        np.save(path, pixels)
    told = fail(capsys, store, tmp_path / "study", *QUICK)
    assert str(store) in told
    assert not (tmp_path / "study").exists()
