"""prepare, end to end: the manifest tells the truth, leaks are closed, and a broken run leaves nothing behind."""

import csv
import errno
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganoscope import files
from ganoscope.alarms import load_alarms
from ganoscope.data.geometry.placement import Rectangle, resize
from ganoscope.data.prepare import decode, decode_all, finalize, ingest, unfinished
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.decode_all import choose_workers
from ganoscope.data.prepare.ingest import Ingest
from ganoscope.data.prepare.listing import Listing
from ganoscope.data.store import Store, StoreWriter
from ganoscope.errors import UserError
from ganoscope.workflows import prepare as workflow
from ganoscope.workflows.prepare import check, prepare

SMALL = PrepareConfig(size=16)
PARTS = {"train", "validation", "test"}


@pytest.fixture
def target(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def pictures(smooth):
    """Names and contents of twelve pictures that have nothing to do with each other, in two classes."""
    return {f"{'sick' if n % 2 else 'well'}/scan{n:02d}.png": smooth(n) for n in range(12)}


def key_of(store):
    """Names by number, from the key file beside the store."""
    with store.path.with_name(f"{store.path.name}.key.csv").open(newline="", encoding="utf-8") as file:
        return {row["source"]: row["name"] for row in csv.DictReader(file)}


def names_of(store):
    key = key_of(store)
    return [key[number] for number in store.column("source").tolist()]


def split_of(store):
    return dict(zip(names_of(store), store.column("split").tolist(), strict=True))


def quarantine_of(store):
    key = key_of(store)
    with (store.path / "quarantine.csv").open(newline="", encoding="utf-8") as file:
        return {key[row["source"]]: row["reason"] for row in csv.DictReader(file)}


def evidence_of(store):
    return {alarm.code: alarm.evidence for alarm in load_alarms(store.path / "alarms.json")}


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
        assert (sample.patient, sample.source_split, sample.coloured, sample.spacing_mm) == ("", "", 0, "")
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
        "bad/scan.jpg": png,
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


@pytest.mark.parametrize("seed", range(4))
def test_exact_copies_share_a_split_and_have_ids_of_their_own(make_source, target, pictures, seed):
    source = make_source(
        {**pictures, "well/copy1.png": pictures["well/scan00.png"], "copy2.png": pictures["well/scan00.png"]}
    )
    store = prepare(source, target, PrepareConfig(size=16, seed=seed))
    splits = split_of(store)
    assert splits["well/copy1.png"] == splits["copy2.png"] == splits["well/scan00.png"]
    ids = store.column("sample_id").tolist()
    assert len(set(ids)) == 14
    assert sorted(name[12:] for name in ids)[-2:] == ["-1", "-2"]
    assert evidence_of(store)["exact_copies"] == {"copies": 2}


@pytest.mark.parametrize("seed", range(4))
def test_near_duplicates_share_a_split(make_source, target, pictures, seed):
    brighter = np.rint(pictures["sick/scan03.png"] * 0.7 + 60).astype(np.uint8)
    store = prepare(make_source({**pictures, "other.png": brighter}), target, PrepareConfig(size=16, seed=seed))
    splits = split_of(store)
    assert splits["other.png"] == splits["sick/scan03.png"]
    assert evidence_of(store)["patients_unknown"] == {"images": 13, "clustered": 2, "largest_cluster": 2}
    assert "exact_copies" not in evidence_of(store)


@pytest.mark.parametrize("seed", range(6))
def test_overlap_of_the_source_splits_is_no_longer_held_out_and_told(make_source, target, smooth, seed):
    train = {f"Training/a/{n}.png": smooth(n) for n in range(10)}
    test = {f"Testing/a/{n}.png": smooth(100 + n) for n in range(5)}
    leaks = {
        "Testing/a/copy.png": smooth(0),
        "Testing/a/near.png": np.rint(smooth(1) * 0.8 + 20).astype(np.uint8),
    }
    store = prepare(make_source({**train, **test, **leaks}), target, PrepareConfig(size=16, seed=seed))
    splits = split_of(store)
    assert splits["Testing/a/copy.png"] == splits["Training/a/0.png"] != "test"
    assert splits["Testing/a/near.png"] == splits["Training/a/1.png"] != "test"
    assert {splits[name] for name in test} == {"test"}
    assert {splits[name] for name in train} == {"train", "validation"}
    assert evidence_of(store)["source_split_overlap"] == {"identical": 1, "moved": 2}


@pytest.mark.parametrize("pattern", [r"^(p\d+)_", None])
def test_images_of_a_patient_share_a_split_and_a_pseudonym(make_source, target, smooth, pattern):
    stem = "p{}_{}.png" if pattern else "person{}_virus_{}.jpeg"
    names = {stem.format(700 + n % 8, n): smooth(n) for n in range(24)}
    store = prepare(make_source(names), target, PrepareConfig(size=16, patient_pattern=pattern))
    by_patient: dict[str, set] = {}
    for sample, name in zip(store.samples(), names_of(store), strict=True):
        by_patient.setdefault(re.match(r"[a-z]+\d+", name)[0], set()).add((sample.patient, sample.split, sample.group))
    assert len(by_patient) == 8
    assert all(len(values) == 1 for values in by_patient.values())
    assert set(store.column("split").tolist()) == PARTS
    assert len(set(store.column("patient").tolist())) == 8
    assert "patients_unknown" not in evidence_of(store)


def test_copies_under_two_patients_join_both(make_source, target, smooth):
    names = {f"p{n // 2}_{n}.png": smooth(n) for n in range(12)} | {"p1_copy.png": smooth(0)}
    store = prepare(make_source(names), target, PrepareConfig(size=16, patient_pattern=r"^(p\d+)_"))
    groups = dict(zip(names_of(store), store.column("group").tolist(), strict=True))
    assert len({groups[name] for name in ("p0_0.png", "p0_1.png", "p1_2.png", "p1_3.png", "p1_copy.png")}) == 1
    assert len(set(groups.values())) == 5


def test_pattern_that_matches_no_name_leaves_patients_unknown(make_source, target, pictures):
    store = prepare(make_source(pictures), target, PrepareConfig(size=16, patient_pattern=r"nobody(\d)"))
    assert set(store.column("patient").tolist()) == {""}
    assert evidence_of(store)["patients_unknown"]["images"] == 12


def test_16_bit_stores_keep_their_depth_and_their_range(make_source, target, smooth):
    wide = {f"{n}.png": smooth(n, (16, 16), "uint16") // 4 + 900 for n in range(5)}
    store = prepare(make_source(wide), target, SMALL)
    assert (store.images.dtype, store.intensity.unit) == (np.uint16, "grey 16 bit")
    assert (store.intensity.low, store.intensity.high) == (900, 15900)
    np.testing.assert_array_equal(store.images, np.stack(list(wide.values())))
    np.testing.assert_array_equal(store.intensity.to_pixels(store.load_images(np.arange(5))[:, 0]), store.images)


def test_few_pictures_of_other_depth_are_quarantined(make_source, target, pictures, smooth):
    store = prepare(make_source({**pictures, "well/z.png": smooth(50, dtype="uint16")}), target, SMALL)
    assert quarantine_of(store) == {"well/z.png": "grey 16 bit in a store of grey 8 bit"}
    assert store.count == 12


def test_source_of_mostly_another_depth_is_refused(make_source, target, smooth):
    mixed = {"a.png": smooth(0)} | {f"b{n}.png": smooth(n, dtype="uint16") for n in range(5)}
    with pytest.raises(UserError, match=r"mixes kinds of pixels.*\n  5 x grey 16 bit in a store of grey 8 bit"):
        prepare(make_source(mixed), target, SMALL)
    assert not target.exists()


def test_source_without_usable_images_is_refused_with_the_reasons(make_source, target):
    bad = {"a.png": b"", "b.png": b"", "c.csv": b"x"}
    with pytest.raises(UserError, match=r"no usable image; of 3 file\(s\):\n  2 x the file is empty"):
        prepare(make_source(bad), target, SMALL)
    assert list(target.parent.iterdir()) == [target.parent / "source"]


def test_missing_empty_and_file_sources_are_refused(make_source, target, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.png").write_bytes(b"x")
    for name, message in (
        ("missing", "does not exist"),
        ("empty", r"holds no files; allowed: a folder with .*\.png"),
        ("file.png", "is a file; allowed: a folder"),
    ):
        with pytest.raises(UserError, match=message):
            prepare(tmp_path / name, target, SMALL)
    assert not target.exists()


def test_one_image_is_too_few(make_source, target, smooth):
    with pytest.raises(UserError, match=r"got 1 image\(s\) in 1 group"):
        prepare(make_source({"only.png": smooth(0)}), target, SMALL)
    assert not target.exists()


def test_copies_of_one_image_are_too_few(make_source, target, smooth):
    with pytest.raises(UserError, match=r"got 9 image\(s\) in 1 group"):
        prepare(make_source({f"{n}.png": smooth(0) for n in range(9)}), target, SMALL)


@pytest.mark.parametrize("size", [15, 1025, 0, -3])
def test_size_out_of_range_is_refused(size):
    with pytest.raises(UserError, match=f"--size is out of range: got {size}; allowed: 16 to 1024"):
        PrepareConfig(size=size)


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


def test_unicode_and_markup_in_names_survive(make_source, target, pictures):
    odd = {
        f'<i>ä 病</i>/{name.replace("/", " ")} "q", x.png'.replace("</", "<"): image for name, image in pictures.items()
    }
    store = prepare(make_source(odd), target, SMALL)
    assert sorted(names_of(store)) == sorted(odd)


def test_names_with_line_ends_do_not_shift_the_manifest(make_source, target, pictures):
    odd = {f"a\r{n}\n.png": image for n, image in enumerate(pictures.values())}
    store = prepare(make_source({**odd, "bad\r.png": b""}), target, SMALL)
    assert sorted(names_of(store)) == sorted(rf"a\r{n}\n.png" for n in range(12))
    assert list(quarantine_of(store)) == [r"bad\r.png"]
    assert set(store.column("split").tolist()) == PARTS


def read_everything(folder):
    """Every file, with pseudonyms, which hang on a secret, in the order of their first appearance."""
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    seen = {}
    number = lambda match: str(seen.setdefault(match[0], len(seen))).encode()  # noqa: E731
    contents["manifest.csv"] = re.sub(rb"patient-[0-9a-f]{12}", number, contents["manifest.csv"])
    return contents


def test_two_prepares_write_identical_files_with_any_number_of_workers(make_source, tmp_path, pictures):
    source = make_source({**pictures, "bad.png": b"x", "copy.png": pictures["well/scan00.png"]})
    prepare(source, tmp_path / "first", SMALL)
    prepare(source, tmp_path / "second", SMALL, workers=2)
    assert read_everything(tmp_path / "first") == read_everything(tmp_path / "second")
    prepare(source, tmp_path / "other", PrepareConfig(size=16, seed=1))
    assert read_everything(tmp_path / "other")["images.npy"] == read_everything(tmp_path / "first")["images.npy"]
    assert read_everything(tmp_path / "other")["manifest.csv"] != read_everything(tmp_path / "first")["manifest.csv"]


def test_shares_reach_the_splits(make_source, target, smooth):
    source = make_source({f"{n}.png": smooth(n) for n in range(20)})
    store = prepare(source, target, PrepareConfig(size=16, validation=0.2, test=0.4))
    assert {part: len(store.indices(part)) for part in PARTS} == {"train": 8, "validation": 4, "test": 8}


def fail_after(calls, original, error):
    remaining = iter(range(calls))

    def call(*arguments, **options):
        if next(remaining, None) is None:
            raise error
        return original(*arguments, **options)

    return call


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "interruption",
    [
        ((Ingest, "take"), 0, KeyboardInterrupt()),
        ((Ingest, "take"), 5, KeyboardInterrupt()),
        ((finalize, "write_manifest"), 0, MemoryError()),
        ((finalize, "find_alarms"), 0, KeyboardInterrupt()),
        ((StoreWriter, "append"), 0, FULL),
        ((StoreWriter, "append"), 7, FULL),
        ((StoreWriter, "finish"), 0, FULL),
        ((files, "flush_to_disk"), 0, FULL),
        ((files, "flush_to_disk"), 3, FULL),
        ((unfinished, "remove_private"), 0, KeyboardInterrupt()),
        ((unfinished, "publish_key"), 0, FULL),
    ],
)
def test_after_an_interruption_the_same_call_goes_on_to_the_same_store(
    make_source, target, tmp_path, pictures, monkeypatch, interruption
):
    place, after, error = interruption
    source = make_source(pictures)
    expected = read_everything(prepare(source, tmp_path / "undisturbed", SMALL).path)
    monkeypatch.setattr(ingest, "COMMIT_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(*place, fail_after(after, getattr(*place), error))
        with pytest.raises(type(error)):
            prepare(source, target, SMALL)
    assert not target.exists()
    assert not target.with_name("store.key.csv").exists()
    store = prepare(source, target, SMALL)
    store.verify()
    assert read_everything(target) == expected
    assert not target.with_name(".store.unfinished").exists()


KILL = """
import os, sys
from pathlib import Path
from ganoscope.data.prepare import ingest
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.workflows.prepare import prepare
ingest.COMMIT_SECONDS = 0.0
take, calls = ingest.Ingest.take, []
def die(self, decoded):
    calls.append(1)
    if len(calls) > int(sys.argv[3]):
        os._exit(9)
    take(self, decoded)
ingest.Ingest.take = die
prepare(Path(sys.argv[1]), Path(sys.argv[2]), PrepareConfig(size=16))
"""


@pytest.mark.parametrize("survived", [0, 1, 6])
def test_killed_prepare_goes_on_where_it_was_and_ends_the_same(
    make_source, target, tmp_path, pictures, survived, monkeypatch
):
    source = make_source(pictures)
    command = [sys.executable, "-c", KILL, str(source), str(target), str(survived)]
    assert subprocess.run(command, check=False, timeout=60).returncode == 9
    unfinished = target.with_name(".store.unfinished")
    assert not target.exists()
    assert unfinished.stat().st_mode & 0o077 == 0  # it holds names
    read = []
    original = decode_all.decode_entry
    monkeypatch.setattr(decode_all, "decode_entry", lambda entry, recipe: read.append(entry) or original(entry, recipe))
    prepare(source, target, SMALL).verify()
    assert len(read) == 12 - survived
    assert read_everything(target) == read_everything(prepare(source, tmp_path / "other", SMALL).path)


@pytest.mark.parametrize("change", ["file", "options"])
def test_unfinished_work_on_another_source_or_with_other_options_is_not_mixed_in(
    make_source, target, pictures, smooth, change
):
    source = make_source(pictures)
    command = [sys.executable, "-c", KILL, str(source), str(target), "5"]
    assert subprocess.run(command, check=False, timeout=60).returncode == 9
    if change == "file":
        Image.fromarray(smooth(77)).save(source / "well/scan00.png")
        os.utime(source / "well/scan00.png", (1, 1))
    store = prepare(source, target, PrepareConfig(size=16 if change == "file" else 24))
    assert store.count == 12
    assert store.size == (16 if change == "file" else 24)
    if change == "file":
        digest = sha256((source / "well/scan00.png").read_bytes()).hexdigest()
        assert digest in store.column("source_sha256").tolist()


def test_refused_source_leaves_nothing(make_source, target):
    with pytest.raises(UserError):
        prepare(make_source({"a.png": b""}), target, SMALL)
    assert [path.name for path in target.parent.iterdir()] == ["source"]


def test_file_that_vanishes_between_listing_and_reading_is_quarantined(make_source, target, pictures, monkeypatch):
    source = make_source(pictures)
    list_source = workflow.list_source

    def list_then_damage(*arguments):
        result = list_source(*arguments)
        (source / "well/scan00.png").unlink()
        return result

    monkeypatch.setattr(workflow, "list_source", list_then_damage)
    store = prepare(source, target, SMALL)
    assert store.count == 11
    assert "No such file" in quarantine_of(store)["well/scan00.png"]


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


def test_an_older_key_is_never_overwritten(make_source, target, pictures):
    target.with_name("store.key.csv").write_text("precious")
    with pytest.raises(UserError, match="may be the only key to an earlier store"):
        prepare(make_source(pictures), target, SMALL)
    assert target.with_name("store.key.csv").read_text() == "precious"


def test_the_key_may_not_lie_in_the_store(make_source, target, pictures):
    with pytest.raises(UserError, match="must not be inside the store"):
        prepare(make_source(pictures), target, SMALL, key=target / "key.csv")


def test_all_faults_of_a_configuration_are_named_at_once():
    with pytest.raises(UserError) as error:
        PrepareConfig(size=3, window="x", modality="EEG", validation=0.9, test=0.9, patient_pattern="(")
    for fault in ("--size", "--window", "--modality", "split proportions", "--patient-pattern"):
        assert fault in str(error.value)


def test_a_large_set_is_searched_for_markers_by_a_random_sample(make_source, target, smooth, monkeypatch):
    monkeypatch.setattr(decode, "SEARCHED", 20)
    source = make_source({f"{n}.png": smooth(n, (100, 100)) for n in range(60)})
    searched = prepare(source, target, SMALL).column("searched") == "1"
    assert 8 <= searched.sum() <= 34
    monkeypatch.setattr(decode, "SEARCHED", 60)
    with check(source, SMALL) as store:
        assert (store.column("searched") == "1").all()


def test_files_travel_together_by_their_length_and_series_alone():
    def together(entries, files, length, size=64):
        return choose_workers(Listing(Path(), entries, files, files * length, "", None), size, 2)

    assert together(5000, 5000, 8 << 10) == (2, 128)
    assert together(5000, 5000, 96 << 10) == (2, 32)
    assert together(5000, 5000, 96 << 10, size=512) == (2, 8)
    assert together(5000, 5000, 100 << 20) == together(0, 0, 0) == (2, 1)
    assert together(50, 5000, 8 << 10) == (2, 1)


def test_two_calls_never_fill_one_destination(make_source, target, pictures, monkeypatch):
    source, begun = make_source(pictures), []

    def call_again(*arguments):
        with pytest.raises(UserError, match=r"another process is writing to .*Wait, or name another destination"):
            prepare(source, target, PrepareConfig(size=16, fit="crop"))
        begun.append(arguments)
        return finish(*arguments)

    finish = workflow.finish
    monkeypatch.setattr(workflow, "finish", call_again)
    store = prepare(source, target, SMALL)
    store.verify()
    assert begun and store.prepared["fit"] == SMALL.fit
    assert not (target / "lock").exists()


def test_a_refused_call_leaves_nothing_and_an_earlier_one_its_work(make_source, target, pictures, monkeypatch):
    source = make_source(pictures)
    unfinished = target.with_name(".store.unfinished")
    with pytest.raises(UserError, match="nothing called unknown in layouts"):
        prepare(source, target, replace(SMALL, layout="unknown"))
    with pytest.raises(UserError, match="--workers must not be negative: got -3"):
        prepare(source, target, SMALL, workers=-3)
    assert not unfinished.exists()
    with monkeypatch.context() as patch:
        patch.setattr(finalize, "write_manifest", fail_after(0, finalize.write_manifest, KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            prepare(source, target, SMALL)
    with pytest.raises(UserError, match="nothing called unknown in layouts"):
        prepare(source, target, replace(SMALL, layout="unknown"))
    assert (unfinished / "rows.csv").exists()
    assert str(source) not in (unfinished / "plan.json").read_text()
