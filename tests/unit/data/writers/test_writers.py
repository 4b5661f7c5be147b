"""Files of every format hold the same images, say that they are synthetic, and are read back by `prepare`."""

import csv
import json

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from ganoscope.data import writers as formats
from ganoscope.data.picture import ReadOptions
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.readers import read
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.data.writers.nifti import make_header
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
    for name in ("png", "npz", "nifti"):
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
    for name, first in (("png", "file"), ("npz", "frame"), ("nifti", "frame")):
        rows = read_rows(made / name / ("manifest.csv" if name == "png" else "frames.csv"))
        assert [row["label"] for row in rows] == list(run.classes) * (NUMBER // 3)
        assert list(rows[0]) == [first, *COLUMNS[1:]]
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


def write_hu(name, folder):
    """Writes a stack of CT values in a format, and returns them."""
    pixels = np.random.default_rng(0).integers(-1024, 3071, (20, 32, 32)).astype(np.int16)
    stack = formats.Stack(20, 32, IntensityMap(-1024, 3071, "HU", "int16"), (), (0.7, 0.8))
    with formats.load(name).open_writer(folder, stack) as write:
        for number, picture in enumerate(pixels):
            write(formats.Output(picture, "HU", formats.GENERATED), f"{number}", 0)
    return pixels


def test_hounsfield_units_survive_the_way_through_npz(tmp_path):
    (tmp_path / "made").mkdir()
    pixels = write_hu("npz", tmp_path / "made")
    store = prepare(tmp_path / "made", tmp_path / "store", PrepareConfig(size=32, modality="CT", hu_offset=0))
    assert store.intensity.unit == "HU"
    assert np.array_equal(np.sort(store.images, axis=0), np.sort(pixels, axis=0))


def test_hounsfield_units_and_spacing_survive_the_way_through_nifti(tmp_path):
    pixels = write_hu("nifti", tmp_path)
    pictures = list(read(tmp_path / "synthetic.nii.gz", ReadOptions(hu_offset=0)))
    assert np.array_equal(np.stack([picture.pixels for picture in pictures]), pixels)
    assert {(picture.unit, picture.view) for picture in pictures} == {("HU", "")}
    assert np.allclose([picture.spacing_mm for picture in pictures], (0.7, 0.8))


def test_a_stack_states_spacing_where_it_is_known_and_no_orientation():
    known = formats.Stack(7, 32, IntensityMap(0, 255, "grey 8 bit", "uint8"), (), (0.5, 0.6))
    header = nib.Nifti1Header(make_header(known)[:348])
    assert header.get_data_shape() == (32, 32, 7)
    assert np.allclose(header.get_zooms(), (0.6, 0.5, 1.0))
    assert (header["sform_code"], header["qform_code"], header.get_xyzt_units()[0]) == (0, 0, "mm")
    unknown = formats.Stack(40_000, 32, known.intensity, (), None)
    large = nib.Nifti2Header(make_header(unknown)[:540])
    assert large.get_data_shape() == (32, 32, 40_000)
    assert large.get_xyzt_units()[0] == "unknown"


@pytest.mark.parametrize("name", ["png", "npz", "nifti"])
def test_the_same_seed_gives_the_same_files(made, conditional_run, tmp_path, name):
    config = GenerateConfig(number_per_class=NUMBER // 3, format=name, seed=2, batch_size=5)
    generate(conditional_run, tmp_path / "again", config)
    files = sorted(path for path in (made / name).rglob("*") if path.is_file())
    assert len(files) >= 4
    for path in files:
        assert compute_sha256(path) == compute_sha256(tmp_path / "again" / path.relative_to(made / name)), path.name
