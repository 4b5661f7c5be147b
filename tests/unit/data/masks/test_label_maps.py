"""Label maps are told by their values beside a picture, in every format; pictures of few values alone stay pictures."""

import io

import nibabel
import numpy as np
import pytest
from PIL import Image
from tests.fixtures.prepared import SMALL, names_of, quarantine_of
from tests.unit.data.prepare.test_decode import write_slice

from ganoscope.data.masks.label_maps import LABEL_MAP, find_numbers, look_like_labels
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.workflows.prepare import prepare

SIDE = 160


def draw_labels(number, high=255):
    """A disc whose place depends on the number, 0 outside."""
    rows, columns = np.ogrid[:SIDE, :SIDE]
    return (high * ((rows - 20 - number) ** 2 + (columns - 30) ** 2 < 150)).astype(np.uint8)


def encode(pixels, form):
    file = io.BytesIO()
    if form == "NPY":
        np.save(file, pixels)
    else:
        Image.fromarray(pixels).save(file, form)
    return file.getvalue()


FORMS = {".png": "PNG", ".jpg": "JPEG", ".tif": "TIFF", ".npy": "NPY"}


@pytest.mark.parametrize("ending", FORMS)
@pytest.mark.parametrize(
    ("picture", "labels"), [("p_{}", "p_{} zone"), ("film{}", "drawn{}"), ("films/{}", "drawings/{}")]
)
def test_label_maps_beside_their_pictures_are_no_pictures(ending, picture, labels, make_source, target, smooth):
    form = FORMS[ending]
    contents = {picture.format(n) + ending: encode(smooth(n, (SIDE, SIDE)), form) for n in range(8)}
    masks = {labels.format(n) + ending: encode(draw_labels(n), form) for n in range(8)}
    masks[labels.format(0) + ending] = encode(np.zeros((SIDE, SIDE), np.uint8), form)
    store = prepare(make_source({**contents, **masks}), target, SMALL)
    assert sorted(names_of(store)) == sorted(contents)
    refused = quarantine_of(store)
    assert set(refused) == set(masks)
    assert sum(reason == LABEL_MAP for reason in refused.values()) == 7


@pytest.mark.parametrize(
    ("picture", "labels"),
    [
        ("films/{:03d}.png", "shapes2/{}.png"),
        ("films/case_{}.png", "regions/region-{:04d}.png"),
        ("films/{}.png", "drawn/left/{}.png"),
        ("parts/films/group a/{}.png", "parts/all drawn/group a/zones/id_{}_ma.png"),
        ("wards/a/film_{:02d}.png", "zones/a/t{}.png"),
    ],
)
def test_label_maps_in_folders_beside_are_matched_by_number(picture, labels, make_source, target, smooth):
    contents = {picture.format(n): encode(smooth(n, (SIDE, SIDE)), "PNG") for n in range(8)}
    masks = {labels.format(n): encode(draw_labels(n, 1), "PNG") for n in range(8)}
    store = prepare(make_source({**contents, **masks}), target, SMALL)
    assert sorted(names_of(store)) == sorted(contents)
    assert quarantine_of(store) == dict.fromkeys(masks, LABEL_MAP)


def test_pictures_in_black_and_white_without_a_neighbour_stay(make_source, target, smooth):
    contents = {f"film{n}.png": encode(smooth(n, (SIDE, SIDE)), "PNG") for n in range(6)}
    plain = {f"drawing{n}.png": encode(draw_labels(n), "PNG") for n in range(10, 16)}
    assert quarantine_of(prepare(make_source({**contents, **plain}), target, SMALL)) == {}


def test_pictures_in_black_and_white_beside_smaller_ones_stay(make_source, target, smooth):
    contents = {f"film{n}.png": encode(smooth(n, (SIDE, SIDE // 2)), "PNG") for n in range(6)}
    plain = {f"drawing{n}.png": encode(draw_labels(n), "PNG") for n in range(6)}
    assert quarantine_of(prepare(make_source({**contents, **plain}), target, SMALL)) == {}


def test_a_nearly_empty_slice_beside_that_of_another_patient_stays(make_source, target, smooth):
    slices = {f"{patient}/{n}.png": smooth(10 * ord(patient) + n, (SIDE, SIDE)) for patient in "ab" for n in range(5)}
    slices["a/0.png"] = np.where(draw_labels(0) > 0, 3, 0).astype(np.uint8)
    store = prepare(make_source({name: encode(one, "PNG") for name, one in slices.items()}), target, SMALL)
    assert quarantine_of(store) == {}


def write_volume(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([-1.0, -1.0, 2.0, 1.0])), path)


@pytest.mark.parametrize("names", [("ct-{}.nii", "a-{}.nii"), ("case {}/image.nii.gz", "case {}/liver.nii.gz")])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_volumes_of_few_values_beside_a_volume_are_label_maps(names, kind, tmp_path, target, smooth):
    for n in range(4):
        slices = [smooth(10 * n + k, (32, 32), "uint16").astype(np.int16) // 40 - 1000 for k in range(4)]
        write_volume(tmp_path / "source" / names[0].format(n), np.stack(slices, -1))
        labels = np.stack([draw_labels(k, 3)[:32, :32] for k in range(3)] + [np.zeros((32, 32))], -1)
        write_volume(tmp_path / "source" / names[1].format(n), labels.astype(kind))
    store = prepare(tmp_path / "source", target, PrepareConfig(size=16))
    assert sorted(set(names_of(store))) == [names[0].format(n) for n in range(4)]
    assert quarantine_of(store) == {names[1].format(n): LABEL_MAP for n in range(4)}


def test_slices_of_labels_beside_slices_of_ct_are_label_maps(tmp_path, target, smooth):
    for n in range(4):
        pixels = (smooth(n, (SIDE, SIDE), "uint16") // 16 + 24).astype("<u2")
        write_slice(tmp_path / "source" / "scans" / f"{n}.dcm", pixels, n, 0)
        write_slice(tmp_path / "source" / "drawings" / f"{n}.dcm", draw_labels(n).astype("<u2"), 90 + n, 0, intercept=0)
    store = prepare(tmp_path / "source", target, SMALL)
    assert {name.split("/")[0] for name in names_of(store)} == {"scans"}


def test_values_of_labels_are_few_and_in_areas(smooth):
    noise = np.random.default_rng(0).integers(0, 9, (SIDE, SIDE)).astype(np.uint8)
    assert look_like_labels(draw_labels(0))
    assert look_like_labels(draw_labels(0).astype(np.uint16) * 100)
    assert look_like_labels(np.asarray(Image.open(io.BytesIO(encode(draw_labels(0), "JPEG")))))
    for other in (noise, smooth(0, (SIDE, SIDE)), np.full((SIDE, SIDE), 7, np.uint8), draw_labels(0) / 255):
        assert not look_like_labels(other)
    assert not look_like_labels((smooth(0, (SIDE, SIDE)) // 4).astype(np.uint8))
    assert find_numbers("p_07 (1)") == (7, 1)
