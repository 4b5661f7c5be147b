"""`ganoscope prepare` on real images: the known quirks of every set are found, and none is left to leak."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from ganoscope.alarms import load_alarms
from ganoscope.cli import execute
from ganoscope.data.duplicates import find_pairs, make_thumbnail
from ganoscope.data.store import Store

SHARED = Path(os.environ.get("GANOSCOPE_SHARED_DATA") or Path(__file__).parents[2] / "../shared/data")
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no shared data at {SHARED}")


def prepare(name, target, *options):
    assert execute(["prepare", str(SHARED / name), str(target), *options]) == 0
    store = Store.open(target)
    store.verify()
    assert_nothing_crosses(store)
    return store, {alarm.code: alarm.evidence for alarm in load_alarms(target / "alarms.json")}


def assert_nothing_crosses(store):
    splits = store.column("split")
    assert set(splits.tolist()) == {"train", "validation", "test"}
    for name in ("group", "source_sha256", "patient"):
        keys = store.column(name)
        pairs = {(key, split) for key, split in zip(keys.tolist(), splits.tolist(), strict=True) if key}
        assert len(pairs) == len({key for key, _ in pairs}), f"a {name} is in two splits"


def crossing_near_duplicates(store):
    thumbnails = np.stack([make_thumbnail(pixels) for pixels in store.images])
    splits = store.column("split")
    return sum(int((splits[first] != splits[second]).sum()) for first, second in find_pairs(thumbnails))


def test_brain_mri_copies_and_overlap_of_its_own_split_are_found(tmp_path):
    store, alarms = prepare("brain_mri", tmp_path / "store")
    assert store.count == 1842
    assert alarms["exact_copies"] == {"copies": 63}
    assert alarms["source_split_overlap"]["identical"] == 33
    assert alarms["patients_unknown"]["images"] == 1842
    assert set(store.column("label").tolist()) == {"glioma", "meningioma", "notumor", "pituitary"}
    assert crossing_near_duplicates(store) == 0
    origins, splits = store.column("source_split"), store.column("split")
    assert set(origins.tolist()) == {"train", "test"}
    assert set(origins[splits == "test"].tolist()) == {"test"}
    assert alarms["source_split_overlap"]["moved"] == ((origins == "test") & (splits != "test")).sum() >= 33


def test_chest_xray_patients_are_known_from_the_names(tmp_path):
    store, alarms = prepare("chest_xray", tmp_path / "store")
    patients = store.column("patient")
    assert store.count == 1250
    assert len(set(patients.tolist()) - {""}) == 930
    assert (patients != "").all()
    assert alarms == {"exact_copies": {"copies": 2}}
    kept = store.column("source_split") == "test"
    np.testing.assert_array_equal(kept, store.column("split") == "test")
    assert sorted(set(store.column("label").tolist())) == ["NORMAL", "PNEUMONIA"]


def test_chest_xray_films_of_different_patients_are_no_near_duplicates(tmp_path):
    """Stretched: the black bars of padding make films of different children alike (up to 0.983 instead of 0.965)."""
    store, _ = prepare("chest_xray", tmp_path / "store", "--fit", "stretch")
    assert crossing_near_duplicates(store) == 0


def test_nih_patients_come_from_the_pattern_given(tmp_path):
    store, alarms = prepare("nih_cxr64", tmp_path / "store", "--patient-pattern", r"^(\d{8})")
    assert store.count == 748
    assert len(set(store.column("patient").tolist())) == 178
    assert alarms == {}
    shares = {split: len(store.indices(split)) / 748 for split in ("train", "validation", "test")}
    assert shares == pytest.approx({"train": 0.7, "validation": 0.15, "test": 0.15}, abs=0.05)


def test_16_bit_ct_keeps_its_depth(tmp_path):
    store, _ = prepare("ct_contrast_png16", tmp_path / "store", "--patient-pattern", "^(.{12})")
    assert (store.count, store.images.dtype, store.intensity.unit) == (77, np.uint16, "grey 16 bit")
    assert 255 < store.images.max() <= 4095
    assert (store.intensity.low, store.intensity.high) == (store.images.min(), store.images.max())
    np.testing.assert_array_equal(store.intensity.to_pixels(store.load_images(np.arange(77))[:, 0]), store.images)
    assert len(set(store.column("patient").tolist())) == 42


def test_every_colour_mode_in_use_is_read(tmp_path):
    store, alarms = prepare("formats/image_modes", tmp_path / "store")
    assert (store.count, store.images.dtype) == (9, np.uint8)
    assert "coloured" not in alarms
    assert "quarantined" not in alarms
    assert (store.images.std(axis=(1, 2)) > 20).all()


def test_malformed_files_are_refused_together_and_leave_nothing(tmp_path, capsys):
    assert execute(["prepare", str(SHARED / "formats/made_malformed"), str(tmp_path / "store")]) == 2
    assert list(tmp_path.iterdir()) == []
    said = capsys.readouterr().err
    assert "holds no usable image; of 10 file(s)" in said
    assert "Traceback" not in said


def test_malformed_files_among_sound_ones_are_quarantined(tmp_path):
    (tmp_path / "source").mkdir()
    for folder in ("formats/image_modes", "formats/made_malformed"):
        (tmp_path / "source" / Path(folder).name).symlink_to((SHARED / folder).resolve())
    linked = tmp_path / "linked"
    linked.mkdir()
    for folder in (tmp_path / "source").iterdir():
        for file in folder.iterdir():
            (linked / file.name).symlink_to(file)
    assert execute(["prepare", str(linked), str(tmp_path / "store")]) == 0
    store = Store.open(tmp_path / "store")
    assert store.count == 9
    with (store.path / "quarantine.csv").open(newline="", encoding="utf-8") as file:
        refused = {row["source"] for row in csv.DictReader(file)}
    assert refused == {file.name for file in (SHARED / "formats/made_malformed").iterdir()}
