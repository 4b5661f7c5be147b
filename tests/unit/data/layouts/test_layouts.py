"""All layouts: which one is chosen, and what holds for each."""

import os
from collections import Counter
from pathlib import Path

import pytest
from tests.fixtures.listings import PAEDIATRIC, entries, faults, listing

from ganoscope.data.layouts import find_layout
from ganoscope.data.picture import ReadOptions
from ganoscope.data.source import walk

SHARED = Path(os.environ.get("GANOSCOPE_SHARED_DATA") or Path(__file__).parents[4] / "../shared/data")


shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared images are not here")


def test_a_store_below_the_source_is_one_fault_in_every_layout(make_source):
    files = ("store.json", "images.npy", "manifest.csv", "masks.npy")
    source = make_source({f"sick/old store/{name}": b"" for name in files} | {"sick/1.png": b"", "well/2.png": b""})
    assert listing(source) == [("sick/1.png", "sick", ""), ("sick/old store", "sick", ""), ("well/2.png", "well", "")]
    assert faults(entries(source, "folders")) == {"sick/old store": walk.STORE}
    for name in ("nifti_folder", "dicom_tree", "brain_mri"):
        found = faults(find_layout(source, name)[1].list_images(source, ReadOptions()))
        assert found["sick/old store"] == walk.STORE
        assert not any("npy" in name for name in found)
    (source / "manifest.csv").write_text("path,label\nsick/1.png,x\nwell/2.png,y\n")
    assert faults(entries(source, "manifest")) == {"sick/old store": walk.STORE}


def test_a_manifest_goes_before_a_recognised_data_set(make_source):
    rows = "path,label\n" + "".join(f"{name},{label}\n" for name, (label, *_) in PAEDIATRIC.items())
    source = make_source({**dict.fromkeys(PAEDIATRIC, b""), "manifest.csv": rows.encode()})
    assert not faults(entries(source, "manifest"))


def test_links_out_of_the_source_are_faults_in_every_layout(make_source, tmp_path):
    (tmp_path / "outside.png").write_bytes(b"")
    sets = {
        "paediatric_cxr": ("NORMAL/IM-0001-0001.png", "NORMAL/IM-0002-0001.png"),
        "nih_cxr": ("normal/00000001_000.png", "normal/00000001_001.png"),
        "brain_mri": ("glioma/gg (1).png", "notumor/no (1).png", "pituitary/p (1).png", "glioma/gg (2).png"),
        "used_not_used": ("used/1.png", "unused/1.png", "generated/1.png", "used/2.png"),
    }
    for layout, (*files, link) in sets.items():
        source = make_source(dict.fromkeys(files, b""), folder=layout)
        (source / link).symlink_to(tmp_path / "outside.png")
        assert faults(entries(source, layout)) == {link: walk.OUTSIDE}


@shared
@pytest.mark.parametrize(
    ("folder", "layout", "labels", "splits", "patients"),
    [
        (
            "chest_xray",
            "paediatric_cxr",
            {"BACTERIA": 619, "NORMAL": 322, "VIRUS": 309},
            {"train": 1024, "test": 226},
            930,
        ),
        ("chest_xray_224", "paediatric_cxr", {"BACTERIA": 398, "NORMAL": 340, "VIRUS": 262}, {"": 1000}, 662),
        ("nih_cxr64", "nih_cxr", {"abnormal": 395, "normal": 353}, {"": 748}, 178),
        (
            "brain_mri",
            "brain_mri",
            {"glioma": 460, "meningioma": 462, "notumor": 460, "pituitary": 460},
            {"train": 1493, "test": 349},
            1,
        ),
        ("ct_lung_jpg", "folders", {"benign": 60, "malignant": 268, "normal": 270}, {"": 598}, 1),
    ],
)
def test_shared_sets_are_recognised_with_the_counts_of_their_readme(folder, layout, labels, splits, patients):
    items = entries(SHARED / folder, layout)
    assert not faults(items)
    assert Counter(item.label for item in items) == labels
    assert Counter(item.split for item in items) == splits
    assert len({item.patient for item in items}) == patients
