"""`ganoscope classify` from a store to a page, and on real images."""

import csv
import json
import shutil

import pytest
import torch
from safetensors.torch import save_file

from ganoscope.classifiers.fitness import refuse_dependent
from ganoscope.classifiers.trained import open_classifier
from ganoscope.cli import execute
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store import Store
from ganoscope.files import compute_sha256
from ganoscope.nets.pretrained import load_pretrained
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.workflows.classify import classify
from ganoscope.workflows.prepare import prepare

OPTIONS = ["--epochs", "2", "--batch-size", "16", "--device", "cpu", "--precision", "fp32"]
FILES = {
    "alarms.json", "classifier.html", "classifier.json", "classifier.safetensors", "classify.json",
    "heat_maps.json", "heat_maps.npz", "history.csv", "metrics.json", "pictures", "predictions.csv", "predictions.npz",
}  # fmt: skip


def test_a_finished_run_holds_everything_and_no_checkpoints(tiny_classifier, phantom_store):
    assert {path.name for path in tiny_classifier.iterdir()} == FILES
    metrics = json.loads((tiny_classifier / "metrics.json").read_text())
    record = json.loads((tiny_classifier / "classifier.json").read_text())
    assert metrics["splits"]["test"] == record["metrics"]
    assert metrics["temperature"] == record["temperature"]
    store = Store.open(phantom_store)
    with (tiny_classifier / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    held_out = store.indices("validation", "test")
    assert {row["sample_id"] for row in rows} == set(store.column("sample_id")[held_out])
    for row in rows:
        probabilities = {name.removeprefix("probability "): float(row[name]) for name in row if "probability" in name}
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-4)
        assert row["prediction"] == max(probabilities, key=probabilities.get)
        assert row["label"] in probabilities


def test_the_same_command_says_that_it_is_done_and_another_one_is_refused(
    tiny_classifier, phantom_store, tmp_path, capsys
):
    run = shutil.copytree(tiny_classifier, tmp_path / "run")
    before = (run / "classifier.json").read_bytes()
    assert execute(["classify", str(phantom_store), str(run), *OPTIONS]) == 0
    told = capsys.readouterr()
    assert "is complete: nothing to do" in told.err
    assert "test split, " in told.out
    assert (run / "classifier.json").read_bytes() == before
    assert execute(["classify", str(phantom_store), str(run), *OPTIONS, "--seed", "3", "--augment", "none"]) == 2
    refusal = capsys.readouterr().err
    assert "seed 0; got 3" in refusal
    assert "augment safe; got none" in refusal


def test_a_folder_that_holds_something_else_is_refused(phantom_store, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("mine")
    assert execute(["classify", str(phantom_store), str(tmp_path), *OPTIONS]) == 2
    assert "is not empty and holds no classifier" in capsys.readouterr().err
    assert execute(["classify", str(tmp_path), str(tmp_path / "run"), *OPTIONS]) == 2
    assert "no store at" in capsys.readouterr().err


def test_no_path_of_the_user_but_the_stores_is_written_down(tiny_classifier):
    for name in ("classifier.html", "metrics.json", "predictions.csv", "alarms.json", "classify.json"):
        assert str(tiny_classifier.parent) not in (tiny_classifier / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A file like torchxrayvision's, with random numbers."""
    from ganoscope.nets.pretrained.published import PUBLISHED, make_shapes

    random = torch.Generator().manual_seed(0)
    shapes = make_shapes("densenet121")
    first = PUBLISHED["densenet121"].first
    shapes[first] = (shapes[first][0], 1, *shapes[first][2:])
    tensors = {name: 0.05 * torch.rand(tuple(shape), generator=random) for name, shape in shapes.items()}
    path = tmp_path_factory.mktemp("weights") / "xrv.safetensors"
    save_file({**tensors, "classifier.weight": torch.zeros(18, 1024), "classifier.bias": torch.zeros(18)}, path)
    return path


def test_pretrained_weights_leave_their_record_and_a_frozen_body(published, phantom_store, tmp_path):
    quick = ClassifyConfig(
        network="densenet121", weights=published, weights_source="xrv-rsna", freeze_body=True, epochs=1, batch_size=16,
        device="cpu", precision="fp32",
    )  # fmt: skip
    record = classify(phantom_store, tmp_path / "run", quick)
    assert record.trained_on == ["nih", "rsna"]
    assert record.input_kind == "xrv"
    assert record.config["weights"] == "xrv.safetensors"
    assert record.config["pretrained_sha256"] == compute_sha256(published)
    opened = open_classifier(tmp_path / "run").network
    before, _ = load_pretrained("densenet121", 3, published, "xrv-rsna")
    after = opened.body.state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.body.state_dict().items())


def test_weights_that_do_not_fit_leave_no_run_behind(published, phantom_store, tmp_path, capsys):
    options = [*OPTIONS, "--network", "resnet50", "--weights", str(published), "--weights-source", "xrv-all"]
    assert execute(["classify", str(phantom_store), str(tmp_path / "run"), *options]) == 2
    assert "do not fit the network" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_pneumonia_is_told_from_normal_on_held_out_chest_films(shared_data, tmp_path):
    config = PrepareConfig(size=64, layout="folders")
    store = prepare(shared_data / "chest_xray", tmp_path / "store", config, workers=1)
    quick = ClassifyConfig(epochs=12, patience=6, device="cpu", precision="fp32")
    record = classify(store.path, tmp_path / "run", quick)
    auroc = record.metrics["metrics"]["auroc"]
    assert record.classes == ("NORMAL", "PNEUMONIA")
    assert auroc["low"] > 0.9
    assert auroc["groups"] < auroc["images"]
    refuse_dependent(open_classifier(tmp_path / "run"), store)
