"""System E's study by its preset, on a source like the RSNA challenge: a row per box, two thirds without pneumonia."""

import csv
import json
from collections import Counter

import numpy as np
import pytest
import torch
from pydicom.uid import ComputedRadiographyImageStorage
from safetensors.torch import save_file
from tests.fixtures.commands import run
from tests.fixtures.dicom_files import write

from ganoscope.data.store import Store
from ganoscope.nets.pretrained.published import make_shapes
from ganoscope.studies.analysis.endpoint_means import ALWAYS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PATIENTS, SICK, SIDE = 60, 20, 40
REDUCED = ["--folds", "2", "--epochs", "2", "--schedule", "0:0.0,1:0.5", "--number", "12", "--generator-images", "64"]
QUICK = ["--skip-plots", "--skip-ssim", "--skip-gradcam"]
OF_PRESET = {
    "generator": "pneumonia_cgan",
    "arms": ["baseline", "augmented", "curriculum"],
    "families": ["resnet50"],
    "scheme": "kfold",
    "repeats": 1,
    "batch_size": 32,
    "learning_rate": 1e-3,
    "unfreeze": True,
}


@pytest.fixture(scope="module")
def challenge(tmp_path_factory):
    """Films of one patient each; opacities lie in the left lung, or in both: then the patient has two rows."""
    source, rng = tmp_path_factory.mktemp("challenge"), np.random.default_rng(6)
    (source / "stage_2_train_images").mkdir()
    labels, classes = ["patientId,x,y,width,height,Target"], ["patientId,class"]
    for number in range(PATIENTS):
        patient = f"{rng.integers(1 << 32):08x}-0000-4000-8000-{number:012x}"
        pixels = 60 + 50 * np.outer(np.hanning(SIDE), np.hanning(SIDE)) + rng.normal(0, 12, (SIDE, SIDE))
        boxes = ([(6, 10), (24, 12)] if number % 2 else [(6, 10)]) if number < SICK else []
        for x, y in boxes:
            pixels[y : y + 14, x : x + 10] += 60
            labels.append(f"{patient},{x}.0,{y}.0,10.0,14.0,1")
            classes.append(f"{patient},Lung Opacity")
        if not boxes:
            labels.append(f"{patient},,,,,0")
            classes.append(f"{patient},{'Normal' if number % 2 else 'No Lung Opacity / Not Normal'}")
        path = source / "stage_2_train_images" / f"{patient}.dcm"
        film = {"PatientID": patient, "Modality": "CR", "ViewPosition": "PA", "SOPInstanceUID": f"1.2.3.{number + 9}"}
        write(path, pixels.clip(0, 255).astype(np.uint8), SOPClassUID=ComputedRadiographyImageStorage, **film)
    (source / "stage_2_train_labels.csv").write_text("\n".join(labels))
    (source / "stage_2_detailed_class_info.csv").write_text("\n".join(classes))
    return source


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file like torchvision's for ResNet-50, with random numbers."""
    random, tensors = torch.Generator().manual_seed(0), {}
    for name, shape in make_shapes("resnet50").items():
        if len(shape) > 1:
            tensors[name] = torch.randn(tuple(shape), generator=random) * (2 / shape[1:].numel()) ** 0.5
        else:
            tensors[name] = (torch.ones if name.endswith(("weight", "var")) else torch.zeros)(tuple(shape))
    path = tmp_path_factory.mktemp("weights") / "resnet50.safetensors"
    save_file({**tensors, "fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}, path)
    return path


@pytest.fixture(scope="module")
def finished(challenge, weights, tmp_path_factory):
    """The store and the study."""
    folder = tmp_path_factory.mktemp("e9")
    assert run("prepare", challenge, folder / "store", "--size", 32, "--layout", "rsna_challenge") == 0
    options = ["--preset", "rsna-resnet50", "--weights", weights, *REDUCED, *QUICK]
    assert run("study", folder / "store", folder / "study", *options) == 0
    return folder / "store", folder / "study"


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_patient_of_several_boxes_is_one_image_on_one_side(finished):
    store, study = Store.open(finished[0]), finished[1]
    assert store.count == len(np.unique(store.column("patient"))) == PATIENTS
    assert Counter(store.column("label").tolist()) == {"lung_opacity": SICK, "other": PATIENTS - SICK}
    rows = read(study / "splits.csv")
    held_out = [row["sample_id"] for row in rows if row["part"] == "test"]
    assert len(held_out) == len(set(held_out)) == PATIENTS - len(store.indices("test"))


def test_the_frozen_design_is_that_of_the_preset(finished, weights):
    frozen = json.loads((finished[1] / "design.json").read_text())
    options = frozen["design"]["options"]
    assert {name: options[name] for name in OF_PRESET} == OF_PRESET
    assert frozen["exploratory"]
    assert str(weights.parent) not in json.dumps(frozen)


def test_the_networks_began_with_imagenet_normalisation(finished):
    records = [json.loads(path.read_text()) for path in finished[1].glob("tasks/*/run/classifier.json")]
    assert len(records) == 6
    assert {(one["input_kind"], *one["trained_on"]) for one in records} == {("imagenet", "imagenet")}


def test_the_goal_stands_beside_what_is_measured_and_what_prevalence_gives(finished):
    study = finished[1]
    goal = {row["arm"]: row for row in read(study / "analysis" / "goal.csv")}
    measured = [row for row in read(study / "results.csv") if row["part"] == "held_out"]
    assert goal.keys() == set(OF_PRESET["arms"])
    for arm, row in goal.items():
        accuracies = [float(one["accuracy"]) for one in measured if one["arm"] == arm]
        assert float(row["accuracy"]) == pytest.approx(np.mean(accuracies))
        assert row["above"] == ("yes" if np.mean(accuracies) > 0.85 else "no")
    means = read(study / "analysis" / "endpoints.csv")
    always = {row["metric"]: float(row["mean"]) for row in means if row["arm"] == ALWAYS}
    assert always["accuracy"] == pytest.approx((PATIENTS - SICK) / PATIENTS, abs=0.04)
    assert (always["balanced_accuracy"], always["auroc"]) == (0.5, 0.5)


def test_the_report_says_first_that_it_decides_nothing_and_shows_the_goal(finished):
    text = (finished[1] / "comparison_report.txt").read_text()
    page = (finished[1] / "report.html").read_text()
    assert text.index("Exploratory: this design can't decide") < text.index("against baseline, resnet50")
    for told in (text, page):
        words = " ".join(told.split())
        assert "a test accuracy above 85%, improved by augmentation" in words
        assert "without any skill" in words
        assert "balanced accuracy" in words
