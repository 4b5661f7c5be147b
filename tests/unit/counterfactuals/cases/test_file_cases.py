"""Files reach the networks exactly as `prepare` would have brought them there, and come with what they need to be."""

import csv
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from tests.unit.data.test_affines import write_slice

from ganoscope.classifiers.trained import open_classifier
from ganoscope.counterfactuals.cases.case import Case, Refused
from ganoscope.counterfactuals.cases.file_cases import find_group, iterate_key, open_files, open_listing
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.listing import Entry
from ganoscope.data.prepare.transfer import Row
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.workflows.prepare import prepare


def read_all(source, store, run, judge=None):
    reader = open_files(store, open_run(run).record, judge)
    with open_listing(source, reader.prepared) as listing:
        return list(reader.iterate(listing)), dict(iterate_key(listing))


def test_a_folder_gives_what_prepare_made_of_it(disc_source, disc_store, disc_run):
    store = Store.open(disc_store)
    cases, key = read_all(disc_source, store, disc_run)
    sources, labels = store.column("source").tolist(), store.column("label")
    assert [case.name for case in cases] == [f"{number:06d}" for number in range(120)]
    for case in cases:
        index = sources.index(case.file)
        assert np.array_equal(case.pixels, store.images[index])
        assert np.array_equal(case.mask, store.masks[index])
        assert case.label == labels[index]
        assert np.array_equal(case.source.pixels, np.asarray(Image.open(disc_source / key[case.file])))
        assert case.trained == (store.column("split")[index] == "train")
        assert (case.form, case.source.patient) == ("png", "")
    pairs = {(case.group, patient) for case, patient in zip(cases, store.column("patient"), strict=True)}
    assert len(pairs) == len({case.group for case in cases}) == 60


def test_one_file_is_one_case_with_a_forgotten_name(disc_source, disc_store, disc_run, tmp_path):
    picture = tmp_path / "Doe^Jane.png"
    picture.write_bytes((disc_source / "pictures" / "003.png").read_bytes())
    (case,), _ = read_all(picture, Store.open(disc_store), disc_run)
    assert "Doe" not in f"{case.name}{case.file}{case.group}{case.label}"


def test_a_folder_that_is_no_domain_is_no_label(disc_source, disc_store, disc_run, tmp_path):
    for name in ("well", "Doe, Jane"):
        (tmp_path / "in" / name).mkdir(parents=True)
        source = disc_source / "pictures" / ("000.png" if name == "well" else "002.png")
        (tmp_path / "in" / name / "a.png").write_bytes(source.read_bytes())
    cases, _ = read_all(tmp_path / "in", Store.open(disc_store), disc_run)
    assert sorted(case.label for case in cases) == ["", "well"]


def test_folders_called_after_patients_are_read_without_a_layout(disc_source, disc_store, disc_run, tmp_path):
    for number in range(12):
        folder = tmp_path / "in" / f"patient {number}"
        folder.mkdir(parents=True)
        (folder / "film.png").write_bytes((disc_source / "pictures" / f"{number:03d}.png").read_bytes())
    cases, _ = read_all(tmp_path / "in", Store.open(disc_store), disc_run)
    assert len(cases) == 12
    assert {case.label for case in cases} == {""}


def test_what_is_of_another_kind_is_refused_with_the_reason(disc_store, disc_run, tmp_path):
    source = tmp_path / "mixed"
    source.mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 60_000, (64, 64)).astype(np.uint16)).save(source / "deep.png")
    (source / "text.png").write_bytes(b"no picture")
    write_slice(source / "ct.dcm")
    Image.fromarray(np.full((64, 64), 7, np.uint8)).save(source / "flat.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 80)).astype(np.uint8)).save(source / "good.png")
    cases, key = read_all(source, Store.open(disc_store), disc_run)
    reasons = {key[one.file]: one.reason for one in cases if isinstance(one, Refused)}
    assert [key[case.file] for case in cases if isinstance(case, Case)] == ["good.png"]
    assert reasons["deep.png"] == "grey 16 bit, where the run learned from grey 8 bit"
    assert reasons["ct.dcm"] == "HU, where the run learned from grey 8 bit"
    assert "the same value" in reasons["flat.png"]
    assert "no PNG" in reasons["text.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="copies of processes")
def test_a_file_that_ends_the_process_is_put_aside(disc_store, disc_run, tmp_path, monkeypatch):
    original, own = Image.open, os.getpid()

    def die(path, *arguments, **options):
        if "deadly" in str(path):
            assert os.getpid() != own
            os.kill(os.getpid(), signal.SIGSEGV)
        return original(path, *arguments, **options)

    (tmp_path / "in").mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (3, 64, 64)).astype(np.uint8)
    for name in ("a", "b-deadly", "c"):
        Image.fromarray(pixels[0]).save(tmp_path / f"in/{name}.png")
    np.save(tmp_path / "in/d.npy", pixels)
    monkeypatch.setattr(Image, "open", die)
    cases, key = read_all(tmp_path / "in", Store.open(disc_store), disc_run)
    assert [Path(key[case.file]).stem for case in cases if isinstance(case, Case)] == ["a", "c", "d", "d", "d"]
    (refused,) = (case for case in cases if isinstance(case, Refused))
    assert (key[refused.file], refused.reason) == ("b-deadly.png", "reading it ended the process (signal 11)")


def test_a_signal_is_scaled_as_its_series_was(tmp_path, disc_run):
    (tmp_path / "in").mkdir()
    for number in range(4):
        noise = np.random.default_rng(number).standard_normal((40, 40, 6))
        volume = 100 + 300 * gaussian_filter(noise, (3, 3, 0)) * np.linspace(0.5, 2, 6)
        image = nibabel.Nifti1Image(volume.astype(np.float32), np.diag([-1.0, -1.0, 3.0, 1.0]))
        nibabel.save(image, tmp_path / "in" / f"patient{number}.nii.gz")
    store = prepare(tmp_path / "in", tmp_path / "store", PrepareConfig(size=32, modality="MR"))
    cases, _ = read_all(tmp_path / "in", store, disc_run)
    assert [case.file for case in cases] == store.column("source").tolist()
    assert np.array_equal(np.stack([case.pixels for case in cases]), np.asarray(store.images))
    ranges = list(zip(store.column("raw_low"), store.column("raw_high"), strict=True))
    assert [case.raw_range for case in cases] == [(float(low), float(high)) for low, high in ranges]
    assert [case.source.frame for case in cases] == 4 * list(range(6))
    assert {case.form for case in cases} == {"nifti"}
    assert len({case.group for case in cases}) == 4


def test_an_offset_of_volumes_is_none_of_pictures_in_any_layout(tmp_path, disc_run):
    (tmp_path / "in").mkdir()
    for number in range(12):
        values = np.random.default_rng(number).integers(-1000, 1500, (40, 40, 1)).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(values, np.diag([-1.0, -1.0, 3.0, 1.0])), tmp_path / "in" / f"{number}.nii.gz")
    rows = [(f"{number}.nii.gz", "a" if number % 2 else "b", f"p{number}") for number in range(12)]
    with (tmp_path / "in" / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "patient"), *rows])
    store = prepare(tmp_path / "in", tmp_path / "store", PrepareConfig(size=32, hu_offset=0))
    (volume,), _ = read_all(tmp_path / "in" / "3.nii.gz", store, disc_run)
    assert (volume.source.unit, volume.form) == ("HU", "nifti")
    Image.fromarray(np.random.default_rng(0).integers(24, 2400, (40, 40)).astype(np.uint16)).save(tmp_path / "a.png")
    (refused,), _ = read_all(tmp_path / "a.png", store, disc_run)
    assert refused.reason.startswith("grey 16 bit, where the run learned from HU; --hu-offset")


def test_what_was_trained_on_is_known_frame_by_frame_and_slices_of_one_volume_are_one_group(tmp_path, disc_run):
    (tmp_path / "in").mkdir()
    for number in range(3):
        values = np.random.default_rng(number).normal(100, 30, (40, 40, 4)).astype(np.float32)
        nibabel.save(
            nibabel.Nifti1Image(values, np.diag([-1.0, -1.0, 3.0, 1.0])), tmp_path / "in" / f"v{number}.nii.gz"
        )
        stack = np.random.default_rng(9 + number).integers(0, 255, (4, 40, 40)).astype(np.uint8)
        np.save(tmp_path / "in" / f"stack{number}.npy", stack)
    store = prepare(tmp_path / "in", tmp_path / "store", PrepareConfig(size=32, modality="MR", scale="image"))
    ids, splits = store.column("sample_id"), store.column("split")
    record = replace(open_run(disc_run).record, sample_ids=ids[splits == "train"].tolist())
    with open_listing(tmp_path / "in", open_files(store, record).prepared) as listing:
        cases = list(open_files(store, record).iterate(listing))
    assert [case.trained for case in cases] == (splits == "train").tolist()
    assert any(case.trained and case.source.frame for case in cases)
    assert len({case.group for case in cases}) == 3 + 12, "pictures in a stack may be of different patients"


def test_a_series_without_a_patient_is_one_group():
    series = Entry(5, SourceImage((Path("a.dcm"), Path("b.dcm")), "a.dcm"))
    rows = [Row({"person": "", "number": 5 + place, "kin": f"file {place}", "frame": 0}) for place in range(2)]
    assert len({find_group(series, row) for row in rows}) == 1
    echo = Entry(7, SourceImage((Path("c.dcm"), Path("d.dcm")), "c.dcm", kin="series"))
    other = Entry(9, SourceImage((Path("e.dcm"), Path("f.dcm")), "e.dcm", kin="series"))
    assert find_group(echo, rows[0]) == find_group(other, rows[1]) != find_group(series, rows[0])


def test_what_the_judge_has_learned_from_is_known(disc_source, disc_store, disc_run, disc_judge):
    store, judge = Store.open(disc_store), open_classifier(disc_judge)
    cases, _ = read_all(disc_source, store, disc_run, judge)
    seen = np.isin(store.column("sample_id"), [*judge.record.sample_ids, *judge.record.validation_ids])
    assert [case.judged for case in cases] == seen.tolist()
    assert 0 < seen.sum() < len(seen)


def test_hu_in_png_are_read_and_written_with_the_runs_offset(tmp_path, disc_run):
    (tmp_path / "in").mkdir()
    rows = []
    for number in range(12):
        pixels = np.random.default_rng(number).integers(24, 2400, (40, 40)).astype(np.uint16)
        Image.fromarray(pixels).save(tmp_path / "in" / f"{number}.png")
        rows.append((f"{number}.png", "a" if number % 2 else "b", f"p{number}"))
    with (tmp_path / "in" / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "patient"), *rows])
    store = prepare(tmp_path / "in", tmp_path / "store", PrepareConfig(size=32, hu_offset=1024))
    cases, _ = read_all(tmp_path / "in", store, disc_run)
    assert {(case.form, case.hu_offset, case.source.unit) for case in cases} == {("png", 1024, "HU")}
    write_slice(tmp_path / "ct.dcm")
    (case,), _ = read_all(tmp_path / "ct.dcm", store, disc_run)
    assert (case.form, case.source.spacing_mm) == ("nifti", (0.5, 0.7))


def test_limits_on_a_file_are_those_of_the_store_unless_stated(disc_store, disc_run):
    store, record = Store.open(disc_store), open_run(disc_run).record
    assert CounterfactualConfig().file_limits == {}
    stated = CounterfactualConfig(max_file_gib=2.5).file_limits
    of_store, others = open_files(store, record).prepared, open_files(store, record, limits=stated).prepared
    assert others == replace(of_store, max_file_gib=2.5)
    with pytest.raises(UserError, match="max-file-seconds"):
        CounterfactualConfig(max_file_seconds=0.0)
