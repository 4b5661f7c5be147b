"""`ganoscope prepare` and `inspect` on real images: every set's known quirks are found, and none is left to leak."""

import csv
import html
import os
import re
from pathlib import Path

import numpy as np
import pytest

from ganoscope.alarms import load_alarms
from ganoscope.cli import execute
from ganoscope.data.checks.duplicates import find_duplicates
from ganoscope.data.checks.thumbnails import make_folded_thumbnail
from ganoscope.data.picture import PADDING_HU
from ganoscope.data.store import Store

SHARED = Path(os.environ.get("GANOSCOPE_SHARED_DATA") or Path(__file__).parents[2] / "../shared/data")
pytestmark = [
    pytest.mark.skipif(not SHARED.is_dir(), reason=f"no shared data at {SHARED}"),
    pytest.mark.slow,
]


@pytest.fixture
def prepared(tmp_path):
    """Prepares a set, checks what must hold for every store, inspects it, and returns it with its alarms' evidence."""

    def prepare(name, *options):
        target = tmp_path / "store"
        assert execute(["prepare", str(SHARED / name), str(target), *options]) == 0
        store = Store.open(target)
        store.verify()
        assert_nothing_crosses(store)
        assert execute(["inspect", str(target)]) == 0
        page = (target / "inspect.html").read_text(encoding="utf-8")
        words = "".join(html.unescape(re.sub("<[^>]*>", "", page)).split()).lower()
        alarms = load_alarms(target / "alarms.json")
        for alarm in alarms:
            assert "".join(alarm.message.replace("`", "").split()).lower() in words
        return store, {alarm.code: alarm.evidence for alarm in alarms}

    return prepare


def assert_nothing_crosses(store):
    splits = store.column("split")
    assert set(splits.tolist()) == {"train", "validation", "test"}
    for name in ("group", "source_sha256", "patient", "series"):
        keys = store.column(name)
        pairs = {(key, split) for key, split in zip(keys.tolist(), splits.tolist(), strict=True) if key}
        assert len(pairs) == len({key for key, _ in pairs}), f"a {name} is in two splits"


def crossing_near_duplicates(store):
    thumbnails = np.stack([make_folded_thumbnail(pixels) for pixels in store.images])
    splits, found = store.column("split"), find_duplicates(thumbnails)
    return int((splits[found.first] != splits[found.second]).sum())


def counts(store):
    labels, numbers = np.unique(store.column("label"), return_counts=True)
    return dict(zip(labels.tolist(), numbers.tolist(), strict=True))


def test_brain_mri_copies_mirrors_and_overlap_of_its_own_split_are_found(prepared):
    store, alarms = prepared("brain_mri")
    assert counts(store) == {"glioma": 460, "meningioma": 462, "notumor": 460, "pituitary": 460}
    assert store.modality == "MR"
    assert alarms["exact_copies"] == {"copies": 63}
    assert alarms["source_split_overlap"]["identical"] == 33
    assert alarms["patients_unknown"]["images"] == 1842
    assert alarms["near_duplicates"]["mirrored left to right"] > 400
    assert crossing_near_duplicates(store) == 0
    assert "single_class_split" not in alarms
    origins, splits = store.column("source_split"), store.column("split")
    assert set(origins.tolist()) == {"train", "test"}
    assert alarms["source_split_overlap"]["moved"] >= 33
    labels = store.column("label")
    for label in np.unique(labels):  # what leaked out of the source's test split is drawn anew
        assert (splits[labels == label] == "test").sum() > 20


def test_chest_xray_causes_patients_and_the_aspect_shortcut(prepared):
    store, alarms = prepared("chest_xray")
    assert counts(store) == {"BACTERIA": 619, "NORMAL": 322, "VIRUS": 309}
    patients = store.column("patient")
    assert len(set(patients.tolist())) == 930
    assert (patients != "").all()
    assert alarms["exact_copies"] == {"copies": 2}
    assert "patients_unknown" not in alarms
    kept = store.column("source_split") == "test"
    assert set(store.column("split")[kept].tolist()) == {"test"}
    found = [alarm for alarm in load_alarms(store.path / "alarms.json") if alarm.code == "metadata_shortcut"]
    assert any("aspect ratio" in alarm.message for alarm in found)


def test_chest_xray_by_its_folders_has_two_classes(prepared):
    store, _ = prepared("chest_xray", "--layout", "folders", "--fit", "body")
    assert counts(store) == {"NORMAL": 322, "PNEUMONIA": 928}


def test_chest_xray_224_is_of_one_size_and_has_no_size_shortcut(prepared):
    store, alarms = prepared("chest_xray_224")
    assert counts(store) == {"BACTERIA": 398, "NORMAL": 340, "VIRUS": 262}
    assert len(set(store.column("patient").tolist())) == 662
    messages = [alarm.message for alarm in load_alarms(store.path / "alarms.json") if alarm.code == "metadata_shortcut"]
    assert not any("size" in message or "aspect" in message for message in messages)
    assert "exact_copies" not in alarms


def test_nih_patients_are_uneven(prepared):
    store, alarms = prepared("nih_cxr64")
    assert counts(store) == {"abnormal": 395, "normal": 353}
    assert len(set(store.column("patient").tolist())) == 178
    assert alarms["uneven_patients"]["largest"] == 66


def test_ct_dicom_has_patients_hu_and_slices_that_overlap(prepared):
    store, alarms = prepared("ct_dicom")
    assert (store.count, store.modality, store.intensity.unit) == (58, "CT", "HU")
    assert len(set(store.column("patient").tolist())) == 22
    assert alarms["thickness_spacing"]["series"] == 3
    assert set(alarms["thickness_spacing"]["found"]) == {
        "5 mm thick every 4.25",
        "2 mm thick every 1",
        "1.25 mm thick every 0.8",
    }
    positions = store.column("position_mm").astype(float)
    for series in set(store.column("series").tolist()) - {""}:
        assert (np.diff(positions[store.column("series") == series]) != 0).all()
    air = np.median([image[image != PADDING_HU].min() for image in store.images])
    assert -1100 < air < -900


def test_ct_png16_states_its_offset_and_shares_patients_between_domains(prepared):
    store, alarms = prepared("ct_contrast_png16", "--layout", "png_hu", "--hu-offset", "1024", "--modality", "CT")
    assert counts(store) == {"contrast": 38, "noncontrast": 39}
    assert store.intensity.unit == "HU"
    assert len(set(store.column("patient").tolist())) == 42
    assert alarms["patients_in_several_classes"]["patients"] >= 1
    assert np.asarray(store.images).min() == -1024


def test_ct_lung_jpg_neighbouring_slices_are_clustered(prepared):
    store, alarms = prepared("ct_lung_jpg")
    assert counts(store) == {"benign": 60, "malignant": 268, "normal": 270}
    assert alarms["exact_copies"] == {"copies": 16}
    assert alarms["patients_unknown"]["clustered"] > 400
    assert (
        crossing_near_duplicates(store) <= 1
    )  # found on the store's own, smaller pictures: at the threshold they differ


@pytest.mark.parametrize("options", [(), ("--hu-offset", "0", "--plane", "coronal", "--slices", "20:80")])
def test_ct_nifti_volumes_are_never_cut(prepared, options):
    store, alarms = prepared("ct_nifti", *options)
    assert store.intensity.unit == ("HU" if options else "signal, scaled")
    assert ("unstated_units" in alarms) is not bool(options)
    assert len(set(store.column("series").tolist())) == 5
    if not options:
        assert (store.column("raw_low") != "").all()
    else:
        assert set(store.column("view").tolist()) == {"coronal"}


def test_all_formats_at_once_are_sorted_into_taken_and_refused(tmp_path, capfd):
    """84 files of every kind: no store can hold them all, and the refusal lists why, whole and with counts."""
    assert execute(["prepare", str(SHARED / "formats"), str(tmp_path / "store")]) == 2
    told = " ".join(capfd.readouterr().err.split())
    assert "mixes kinds of pixels" in told
    assert [path.name for path in tmp_path.iterdir()] == []


def test_one_kind_out_of_all_formats(tmp_path):
    key = tmp_path / "key.csv"
    command = ["prepare", str(SHARED / "formats"), "--check-only", "--layout", "folders", "--modality", "MR"]
    source = tmp_path / "mr"
    source.symlink_to(SHARED / "formats" / "mr_dicom_series", target_is_directory=True)
    assert execute([*command[:1], str(source), *command[2:3], "--key", str(key)]) == 2  # one series is one group
    assert execute(["prepare", str(SHARED / "formats/image_modes"), str(tmp_path / "modes")]) == 0
    with (tmp_path / "modes.key.csv").open(newline="") as file:
        names = {row["name"] for row in csv.DictReader(file)}
    assert len(names) == 9
