"""Masks: findings and anatomy are kept apart, follow their image slice by slice, and are refused if they don't fit."""

import io

import nibabel
import numpy as np
import pytest
from PIL import Image
from tests.fixtures.prepared import SMALL, names_of, quarantine_of

from ganoscope.data.picture import PADDING_HU
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store.contents import ANATOMY, FINDINGS, compute_statistics
from ganoscope.workflows.prepare import prepare

LABELS = 1002
"""NIfTI's intent code of label maps."""


def draw_box(top, left, height, width, side=64, high=255):
    mask = np.zeros((side, side), np.uint8)
    mask[top : top + height, left : left + width] = high
    return mask


def encode(pixels, form="PNG"):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


@pytest.fixture
def listed(make_source, smooth, target):
    """Returns a function that prepares twelve pictures, the first with the given masks, listed in a manifest."""

    def make(columns, **files):
        header = ",".join(("path", "label", *columns))
        rows = [f"{n:02d}.png,{'sick' if n % 2 else 'well'}{',' * len(columns)}" for n in range(12)]
        rows[0] = f"00.png,well,{','.join(columns.values())}"
        pictures = {f"{n:02d}.png": smooth(n, (64, 64)) for n in range(12)}
        table = "\n".join((header, *rows, "")).encode()
        contents = {name.replace("__", "."): content for name, content in files.items()}
        return prepare(make_source({**pictures, **contents, "manifest.csv": table}), target, SMALL)

    return make


def test_findings_and_anatomy_are_two_things(listed):
    store = listed(
        {"mask": "lesion.png", "lung_mask": "lungs.png"},
        lesion__png=encode(draw_box(8, 16, 16, 8)),
        lungs__png=encode(draw_box(0, 0, 64, 32)),
    )
    index = names_of(store).index("00.png")
    assert np.array_equal(store.masks[index], draw_box(2, 4, 4, 2, side=16) > 0)
    assert np.array_equal(store.anatomy[index], draw_box(0, 0, 16, 8, side=16) > 0)
    others = np.arange(12) != index
    assert not store.masks[others].any()
    assert not store.anatomy[others].any()
    assert store.column("anatomy")[index] == "yes"
    assert compute_statistics(store).masked == {FINDINGS: 1, ANATOMY: 1}
    store.verify()


def test_lung_fields_are_no_findings(listed):
    store = listed({"anatomy": "lungs.png"}, lungs__png=encode(draw_box(0, 0, 64, 32)))
    assert store.masks is None
    assert set(store.column("annotated").tolist()) == {"no"}
    assert compute_statistics(store).masked == {ANATOMY: 1}


def test_a_smaller_mask_of_the_same_shape_is_enlarged(listed):
    store = listed({"mask": "small.png"}, small__png=encode(draw_box(4, 8, 8, 4, side=32)))
    assert np.array_equal(store.masks[names_of(store).index("00.png")], draw_box(2, 4, 4, 2, side=16) > 0)


def test_a_mask_of_another_shape_is_refused(listed):
    store = listed({"anatomy": "wide.png"}, wide__png=encode(draw_box(0, 0, 64, 32)[:48]))
    assert quarantine_of(store) == {"00.png": "its mask has (48, 64) pixels, the picture (64, 64)"}


def test_noise_of_jpeg_around_a_mask_is_no_mask(listed):
    drawn = draw_box(20, 20, 24, 24)
    content = encode(drawn, "JPEG")
    assert ((np.asarray(Image.open(io.BytesIO(content))) > 0) != (drawn > 0)).sum() > 50
    store = listed({"mask": "lesion.jpg"}, lesion__jpg=content)
    assert np.array_equal(store.masks[names_of(store).index("00.png")], draw_box(5, 5, 6, 6, side=16) > 0)


def write_volume(path, values, intent=0, shift_mm=0.0):
    image = nibabel.Nifti1Image(values, np.array([[-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 2, shift_mm], [0, 0, 0, 1.0]]))
    image.header["intent_code"] = intent
    nibabel.save(image, path)


@pytest.fixture
def volumes(tmp_path, smooth):
    """Four volumes of four slices, the first with a mask that grows from slice to slice."""
    source = tmp_path / "source"
    source.mkdir()
    for number in range(4):
        slices = [smooth(10 * number + k, (32, 32), "uint16").astype(np.int16) // 40 - 1000 for k in range(4)]
        write_volume(source / f"v{number}.nii", np.stack(slices, -1))
    (source / "manifest.csv").write_text("path,label,mask\nv0.nii,a,m.nii\nv1.nii,a,\nv2.nii,b,\nv3.nii,b,\n", "utf-8")
    labels = np.zeros((32, 32, 4), np.uint8)
    for k in range(4):
        labels[: 4 * (k + 1), :, k] = 7
    return source, labels


def test_a_volume_of_labels_is_read_slice_by_slice(volumes, target):
    source, labels = volumes
    write_volume(source / "m.nii", labels, LABELS)
    store = prepare(source, target, PrepareConfig(size=32, hu_offset=0))
    chosen = [index for index, name in enumerate(names_of(store)) if name == "v0.nii"]
    areas = {int(store.column("frame")[index]): store.masks[index].mean() for index in chosen}
    assert areas == {k: (k + 1) / 8 for k in range(4)}
    assert np.asarray(store.images).min() >= PADDING_HU


def test_a_volume_of_labels_at_another_place_is_refused(volumes, target):
    source, labels = volumes
    write_volume(source / "m.nii", labels, shift_mm=4.0)
    assert set(quarantine_of(prepare(source, target, PrepareConfig(size=32))).values()) == {
        "its mask lies at another place in the patient, by its header"
    }


def test_a_volume_of_labels_without_a_slice_is_refused(volumes, target):
    source, labels = volumes
    write_volume(source / "m.nii", labels[..., :3])
    store = prepare(source, target, PrepareConfig(size=32))
    assert set(quarantine_of(store).values()) == {"its mask can't be read: it has no slice 4"}
