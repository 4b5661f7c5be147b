"""Generated images are read back from every format, in the units that they were written in."""

import csv
import json
import shutil

import nibabel
import numpy as np
import pytest

from ganoscope.errors import UserError
from ganoscope.evaluate.generated_folder import read_generated
from ganoscope.generation import draw_images
from ganoscope.generation.config import GenerateConfig
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.workflows.generate import generate


@pytest.fixture(scope="module")
def folders(tiny_run, tmp_path_factory):
    place = tmp_path_factory.mktemp("generated")
    for form in ("png", "npz", "nifti"):
        generate(tiny_run, place / form, GenerateConfig(number=5, format=form))
    return place


@pytest.mark.parametrize("form", ["png", "npz", "nifti"])
def test_images_are_read_back_as_they_were_drawn(folders, tiny_run, form):
    run = open_run(tiny_run)
    found = read_generated(folders / form, run.record, 4)
    drawn = np.concatenate(list(draw_images(run, 5, 0)))[:4]
    step = 2 / (run.record.intensity.high - run.record.intensity.low)
    np.testing.assert_allclose(found.images.images, drawn, atol=step)
    assert (found.total, found.name, found.source) == (5, form, f"run {tiny_run.name}")
    assert found.screening == {}


def test_a_store_is_read_whatever_made_it(tiny_run, phantom_store):
    found = read_generated(phantom_store, open_run(tiny_run).record, 7)
    assert found.images.images.shape == (7, 1, 32, 32)
    assert len(found.images.labels) == 7


def test_folders_that_do_not_fit_are_refused_with_all_reasons(folders, tiny_run, tmp_path):
    record = open_run(tiny_run).record
    with pytest.raises(UserError, match=r"manifest\.csv or frames\.csv is missing.*ganoscope prepare"):
        read_generated(tmp_path, record, 4)
    folder = shutil.copytree(folders / "png", tmp_path / "other")
    content = json.loads((folder / "provenance.json").read_text())
    content["size_px"], content["intensity"]["high"] = 64, 99.0
    (folder / "provenance.json").write_text(json.dumps(content))
    with pytest.raises(UserError) as caught:
        read_generated(folder, record, 4)
    assert "another size" in str(caught.value)
    assert "another intensity range" in str(caught.value)
    (folder / "provenance.json").write_text("[]")
    with pytest.raises(UserError, match="an object with keys"):
        read_generated(folder, record, 4)


def test_a_missing_picture_is_named(folders, tiny_run, tmp_path):
    folder = shutil.copytree(folders / "png", tmp_path / "gap")
    picture = next(folder.glob("0*.png"))
    picture.unlink()
    with pytest.raises(UserError, match=f"{picture.name} is missing or damaged"):
        read_generated(folder, open_run(tiny_run).record, 5)


@pytest.mark.parametrize("offset", ["offset", "1e999", "9" * 5000])
def test_an_offset_that_is_no_number_is_told_with_its_table(folders, tiny_run, tmp_path, offset):
    folder = shutil.copytree(folders / "png", tmp_path / "damaged")
    with (folder / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]] + ["offset"] * ("offset" not in rows[0]))
        writer.writeheader()
        writer.writerows({**row, "offset": offset} for row in rows)
    with pytest.raises(UserError, match=r"manifest\.csv is damaged"):
        read_generated(folder, open_run(tiny_run).record, 5)


SHAPES = {"smaller": (5, 16, 16), "fewer": (3, 32, 32), "flat": (5,), "colour": (5, 32, 32, 3)}


@pytest.mark.parametrize("form", ["npz", "nifti"])
@pytest.mark.parametrize("shape", SHAPES)
def test_stacks_of_another_shape_are_told_with_their_file(folders, tiny_run, tmp_path, form, shape):
    folder = shutil.copytree(folders / form, tmp_path / "damaged")
    if form == "npz":
        np.savez(folder / "synthetic.npz", train_images=np.zeros(SHAPES[shape], np.uint8))
    else:
        pixels = np.zeros(SHAPES[shape], np.uint8).T
        nibabel.save(nibabel.Nifti1Image(pixels, np.eye(4)), folder / "synthetic.nii.gz")
    with pytest.raises(UserError, match=r"synthetic\.(npz|nii\.gz) is missing or damaged: .*shape"):
        read_generated(folder, open_run(tiny_run).record, 4)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.full((5, 32, 32), np.nan), "they hold float64, not whole numbers"),
        (np.full((5, 32, 32), 1e30), "they hold float64, not whole numbers"),
        (np.full((5, 32, 32), 300, np.int16), "values from 300 to 300, where provenance.json states 0 to 255"),
        (np.full((5, 32, 32), -1, np.int16), "values from -1 to -1"),
        (np.ones((5, 32, 32), np.complex64), "complex64"),
        (np.full((5, 32, 32), "a"), "numbers"),
    ],
)
def test_values_that_generate_never_writes_are_told(folders, tiny_run, tmp_path, pixels, words):
    folder = shutil.copytree(folders / "npz", tmp_path / "damaged")
    np.savez(folder / "synthetic.npz", train_images=pixels)
    with pytest.raises(UserError, match=words):
        read_generated(folder, open_run(tiny_run).record, 4)


@pytest.mark.parametrize("form", ["png", "npz", "nifti"])
@pytest.mark.parametrize("damage", ["cut", "other", "empty"])
def test_damaged_files_are_named(folders, tiny_run, tmp_path, form, damage):
    folder = shutil.copytree(folders / form, tmp_path / "damaged")
    path = next(file for file in sorted(folder.iterdir()) if file.name.startswith(("0", "synthetic")))
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[: len(whole) // 2], "other": b"<html>404</html>", "empty": b""}[damage])
    with pytest.raises(UserError, match=f"{path.name} is missing or damaged"):
        read_generated(folder, open_run(tiny_run).record, 5)
