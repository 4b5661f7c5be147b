"""Files of every format hold the same images, say that they are synthetic, and are read back by `prepare`."""

import csv
import json

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from ganoscope.data import writers
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.files import compute_sha256
from ganoscope.generation import COLUMNS
from ganoscope.generation.config import GenerateConfig
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.workflows.generate import generate
from ganoscope.workflows.prepare import prepare

NUMBER = 12


@pytest.fixture(scope="module")
def made(conditional_run, tmp_path_factory):
    """Returns a folder with the same images in each format."""
    folder = tmp_path_factory.mktemp("formats")
    for name in writers.available():
        generate(conditional_run, folder / name, GenerateConfig(number_per_class=NUMBER // 3, format=name, seed=2))
    return folder


def read_rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_pictures(folder):
    return np.stack([np.asarray(Image.open(path)) for path in sorted(folder.glob("0*.png"))])


def test_every_format_holds_the_same_pixels(made):
    pictures = read_pictures(made / "png")
    assert pictures.std(axis=0).mean() > 1, "the images must differ for the tests to mean anything"
    with np.load(made / "npz" / "synthetic.npz", allow_pickle=False) as archive:
        assert np.array_equal(archive["train_images"], pictures)
        assert archive["train_images"].dtype == pictures.dtype
        assert archive["train_labels"].tolist() == [[index % 3] for index in range(NUMBER)]
    volume = np.asarray(nib.load(made / "nifti" / "synthetic.nii.gz").dataobj)
    assert np.array_equal(volume.transpose(2, 1, 0), pictures)


def test_tables_and_pictures_say_what_each_image_is(made, conditional_run):
    run = open_run(conditional_run)
    for name in writers.available():
        separate = writers.load(name).SEPARATE
        rows = read_rows(made / name / ("manifest.csv" if separate else "frames.csv"))
        assert [row["label"] for row in rows] == list(run.classes) * (NUMBER // 3)
        assert list(rows[0]) == ["file" if separate else "frame", *COLUMNS[1:]]
        assert {row["synthetic"] for row in rows} == {"yes"}
        assert {row["weights_sha256"] for row in rows} == {run.weights_sha256}
        origin = json.loads((made / name / "provenance.json").read_text())
        assert (origin["synthetic"], origin["number"], origin["classes"]) == (True, NUMBER, list(run.classes))
        assert "/" not in json.dumps({key: value for key, value in origin.items() if key != "versions"})
    with Image.open(made / "png" / "000001.png") as picture:
        assert picture.text["Description"].startswith("SYNTHETIC")
        notes = {name: picture.text[f"ganoscope:{name}"] for name in ("label", "seed", "method", "truncation", "index")}
    assert notes == {"label": run.classes[1], "seed": "2", "method": "cgan", "truncation": "1.0", "index": "1"}
    assert b"SYNTHETIC" in bytes(nib.load(made / "nifti" / "synthetic.nii.gz").header["descrip"])
    with Image.open(made / "npz" / "contact_sheet.png") as sheet:
        assert sheet.text["Description"].startswith("SYNTHETIC")


@pytest.mark.parametrize("name", ["png", "npz"])
def test_prepare_reads_back_what_was_generated(made, tmp_path, name):
    config = PrepareConfig(size=32, modality="MR", scale="none")
    store = prepare(made / name, tmp_path / "store", config)
    pictures = read_pictures(made / "png")
    assert store.count == NUMBER
    assert name == "npz" or read_rows(tmp_path / "store" / "quarantine.csv") == []
    order = [int(np.argmin([np.abs(one.astype(int) - other).sum() for other in pictures])) for one in store.images]
    assert sorted(order) == list(range(NUMBER))
    assert np.array_equal(np.asarray(store.images), pictures[order])
    named = [row["label"] for row in read_rows(made / "png" / "manifest.csv")[:3]]
    classes = named if name == "png" else [f"class {code}" for code in range(3)]
    assert store.column("label").tolist() == [classes[index % 3] for index in order]


@pytest.mark.parametrize("name", writers.available())
def test_the_same_seed_gives_the_same_files(made, conditional_run, tmp_path, name):
    config = GenerateConfig(number_per_class=NUMBER // 3, format=name, seed=2, batch_size=5)
    generate(conditional_run, tmp_path / "again", config)
    files = sorted(path for path in (made / name).rglob("*") if path.is_file())
    assert len(files) >= 4
    for path in files:
        assert compute_sha256(path) == compute_sha256(tmp_path / "again" / path.relative_to(made / name)), path.name
