"""`ganoscope prepare`: a source becomes a store of what is in it, or nothing and the reasons."""

import json
import re
from hashlib import sha256

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.prepared import SMALL, evidence_of, names_of, quarantine_of, read_everything
from tests.fixtures.raster_files import encode

from ganoscope.data.geometry.placement import Rectangle, resize
from ganoscope.data.prepare import decode
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.workflows.prepare import check, prepare


def test_manifest_and_pixels_belong_to_the_files(make_source, target, smooth):
    shapes = {"sick/a.png": (32, 32), "sick/b.png": (20, 32), "well/c.png": (16, 16), "d.png": (40, 17)}
    source = make_source({name: smooth(n, shape) for n, (name, shape) in enumerate(shapes.items())})
    store = prepare(source, target, SMALL)
    store.verify()
    names = ["d.png", "sick/a.png", "sick/b.png", "well/c.png"]
    assert names_of(store) == names
    for sample, name, stored in zip(store.samples(), names, store.images, strict=True):
        content = (source / name).read_bytes()
        assert sample.source_sha256 == sha256(content).hexdigest()
        assert sample.sample_id == sample.source_sha256[:12]
        assert (sample.height_px, sample.width_px) == shapes[name]
        assert sample.label == name.rpartition("/")[0]
        assert (sample.patient, sample.source_split, sample.coloured, sample.spacing_mm) == ("", "", False, "")
        original = np.asarray(Image.open(source / name))
        height, width = (round(16 * side / max(original.shape)) for side in original.shape)
        top, left = (16 - height) // 2, (16 - width) // 2
        expected = resize(original, Rectangle(0, 0, *original.shape), (height, width))
        np.testing.assert_array_equal(stored[top : top + height, left : left + width], expected)
        assert sample.placement == f"0 0 {shapes[name][0]} {shapes[name][1]} > {top} {left} {height} {width}"
    assert (store.name, store.size, store.count) == ("folders", 16, 4)
    assert (store.intensity.low, store.intensity.high, store.intensity.unit) == (0, 255, "grey 8 bit")
    assert quarantine_of(store) == {}


def test_folder_holds_the_store_and_nothing_else(make_source, target, pictures):
    prepare(make_source(pictures), target, SMALL)
    expected = {"store.json", "manifest.csv", "images.npy", "quarantine.csv", "alarms.json", "duplicates.csv"}
    assert {path.name for path in target.iterdir()} == expected
    assert {path.name for path in target.parent.iterdir()} == {"source", "store", "store.key.csv"}
    assert target.with_name("store.key.csv").stat().st_mode & 0o777 == 0o600


def test_name_and_fit_are_the_ones_asked_for(make_source, target, smooth):
    wide = {f"{n}.png": smooth(n, (16, 40)) for n in range(4)}
    store = prepare(make_source(wide), target, PrepareConfig(size=16, fit="crop", name="my set"))
    assert store.name == "my set"
    np.testing.assert_array_equal(store.images[2], wide["2.png"][:, 12:28])


def test_files_that_cannot_be_used_are_quarantined_with_their_reasons(make_source, target, pictures, smooth):
    whole = make_source(pictures)
    png = (whole / "well/scan00.png").read_bytes()
    bad = {
        "bad/empty.png": b"",
        "bad/cut.png": png[: len(png) // 2],
        "bad/notes.txt": b"hello",
        "bad/text.png": b"hello",
        "bad/tiny.png": smooth(1, (15, 40)),
        "bad/flat.png": np.full((20, 20), 7, np.uint8),
        "bad/scan.jpg": encode(Image.fromarray(smooth(2, (40, 40))), "GIF"),
    }
    store = prepare(make_source(bad), target, SMALL)
    reasons = quarantine_of(store)
    assert set(reasons) == set(bad)
    for name, reason in {
        "empty.png": "empty",
        "cut.png": "corrupt or truncated",
        "notes.txt": r"\.txt is not supported",
        "text.png": "no PNG, JPEG or TIFF",
        "tiny.png": r"only \(15, 40\) pixels",
        "flat.png": r"every pixel has the same value \(7\)",
        "scan.jpg": "wrong extension",
    }.items():
        assert re.search(reason, reasons[f"bad/{name}"])
    assert set(names_of(store)) == set(pictures)
    assert evidence_of(store)["quarantined"] == {"files": 7}


def test_dangling_link_is_quarantined(make_source, target, pictures):
    source = make_source(pictures)
    (source / "gone.png").symlink_to(source / "nowhere.png")
    store = prepare(source, target, SMALL)
    assert list(quarantine_of(store)) == ["gone.png"]
    assert store.count == 12


def test_destination_that_holds_something_is_refused_untouched(make_source, target, pictures):
    target.mkdir()
    (target / "precious.txt").write_text("mine")
    with pytest.raises(UserError, match="exists and is not empty"):
        prepare(make_source(pictures), target, SMALL)
    assert [path.name for path in target.iterdir()] == ["precious.txt"]


def test_second_prepare_does_not_overwrite_the_first(make_source, target, pictures):
    source = make_source(pictures)
    first = prepare(source, target, SMALL).fingerprint
    with pytest.raises(UserError, match="exists and is not empty"):
        prepare(source, target, PrepareConfig(size=16, seed=1))
    assert Store.open(target).fingerprint == first


def test_destination_inside_the_source_does_not_read_itself(make_source, pictures):
    source = make_source(pictures)
    store = prepare(source, source / "store", SMALL)
    assert store.count == 12
    assert quarantine_of(store) == {}


def test_two_prepares_write_identical_files_with_any_number_of_workers(make_source, tmp_path, pictures):
    source = make_source({**pictures, "bad.png": b"x", "copy.png": pictures["well/scan00.png"]})
    prepare(source, tmp_path / "first", SMALL)
    prepare(source, tmp_path / "second", SMALL, workers=2)
    assert read_everything(tmp_path / "first") == read_everything(tmp_path / "second")
    prepare(source, tmp_path / "other", PrepareConfig(size=16, seed=1))
    assert read_everything(tmp_path / "other")["images.npy"] == read_everything(tmp_path / "first")["images.npy"]
    assert read_everything(tmp_path / "other")["manifest.csv"] != read_everything(tmp_path / "first")["manifest.csv"]


def test_refused_source_leaves_nothing(make_source, target):
    with pytest.raises(UserError):
        prepare(make_source({"a.png": b""}), target, SMALL)
    assert [path.name for path in target.parent.iterdir()] == ["source"]


def test_store_json_states_the_schema_and_how_it_was_made(make_source, target, pictures):
    prepare(make_source(pictures), target, SMALL)
    info = json.loads((target / "store.json").read_text())
    assert info["schema_version"] == 2
    assert info["count"] == 12
    assert info["prepared"]["layout"] == "folders"
    assert info["prepared"]["size"] == 16


def test_check_writes_nothing_and_finds_the_same(make_source, target, tmp_path, pictures):
    source = make_source({**pictures, "bad.png": b"", "copy.png": pictures["well/scan00.png"]})
    with check(source, SMALL) as store:
        checked = (store.fingerprint, evidence_of(store))
        place = store.path
    assert not place.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"source"}
    store = prepare(source, target, SMALL)
    assert checked == (store.fingerprint, evidence_of(store))


def test_a_large_set_is_searched_for_markers_by_a_random_sample(make_source, target, smooth, monkeypatch):
    monkeypatch.setattr(decode, "SEARCHED", 20)
    source = make_source({f"{n}.png": smooth(n, (100, 100)) for n in range(60)})
    searched = prepare(source, target, SMALL).column("searched") == "yes"
    assert 8 <= searched.sum() <= 34
    monkeypatch.setattr(decode, "SEARCHED", 60)
    with check(source, SMALL) as store:
        assert (store.column("searched") == "yes").all()
