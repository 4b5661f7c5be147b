"""Generated images are read back from every format, in the units that they were written in."""

import csv
import json
import shutil

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
