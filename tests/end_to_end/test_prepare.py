"""`ganoscope prepare` on what hospitals hand over: every fault is listed once, with counts; nothing is replaced in
silence; mistakes are told in words."""

import csv
import subprocess
import sys
from itertools import product

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from tests.fixtures.commands import assert_told

from ganoscope.alarms import load_alarms
from ganoscope.cli import execute
from ganoscope.data.store import Store


def write_slice(path, patient, series, index, **changes):
    """A CT slice of its own texture; `changes` are DICOM attributes."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = f"1.2.3.{patient}.{series}.{index + 1}"
    data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    data.PatientID, data.PatientName = f"id{patient}", f"name{patient}"
    data.SeriesInstanceUID, data.Modality = f"1.2.3.{patient}.{series}", "CT"
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows = data.Columns = 32
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.RescaleIntercept, data.RescaleSlope = 0, 1
    data.PixelSpacing, data.SliceThickness = [0.7, 0.7], 2
    data.ImageOrientationPatient, data.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 2 * index]
    for name, value in changes.items():
        setattr(data, name, value)
    texture = np.random.default_rng([patient, series, index]).integers(-1000, 800, (8, 8))
    data.PixelData = texture.repeat(4, 0).repeat(4, 1).astype(np.int16).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, data, enforce_file_format=True)


@pytest.fixture
def hospital(tmp_path):
    source = tmp_path / "export <b>of</b> $(today) ä"
    for patient in range(1, 9):
        for index in range(4):
            write_slice(source / f"P{patient}" / f"{3 - index}.dcm", patient, 1, index)
    return source


def prepare(source, *options):
    store = source.parent / "store"
    status = execute(["prepare", str(source), str(store), "--size", "16", *options])
    if status:
        return status, {}, []
    with (store / "quarantine.csv").open(newline="") as file:
        reasons = [row["reason"] for row in csv.DictReader(file)]
    return Store.open(store), {alarm.code: alarm for alarm in load_alarms(store / "alarms.json")}, reasons


def test_slices_are_ordered_by_position_not_by_file_name(hospital):
    store, _, reasons = prepare(hospital)
    assert reasons == []
    positions, series = store.column("position_mm").astype(float), store.column("series")
    for name in np.unique(series):
        assert positions[series == name].tolist() == [0, 2, 4, 6]


def test_the_key_names_every_slice(hospital):
    store, _, _ = prepare(hospital)
    with store.path.with_name("store.key.csv").open(newline="") as file:
        names = {row["source"]: row["name"] for row in csv.DictReader(file)}
    assert sorted(names.values()) == sorted(f"P{patient}/{index}.dcm" for patient in range(1, 9) for index in range(4))
    first = dict(zip(store.column("source").tolist(), store.column("position_mm").tolist(), strict=True))
    assert {names[source][-5] for source, position in first.items() if position == "0"} == {"3"}


def test_missing_slices_are_counted(hospital):
    (hospital / "P1" / "1.dcm").unlink()
    store, alarms, _ = prepare(hospital)
    assert store.count == 31
    assert alarms["missing_slices"].evidence == {"series": 1, "slices": 1}


@pytest.mark.parametrize(
    ("changes", "reason", "refused"),
    [
        ({"PixelSpacing": [0.9, 0.9]}, "pixel spacing", 1),
        ({"Modality": "MR"}, "modality", 1),
        ({"ImagePositionPatient": [0, 0, 2]}, "keep one slice for each position", 4),
    ],
)
def test_a_stray_slice_is_left_out_and_one_volume_in_another_is_refused(hospital, changes, reason, refused):
    write_slice(hospital / "P1" / "0.dcm", 1, 1, 3, **changes)
    store, _, reasons = prepare(hospital)
    assert len(reasons) == refused
    assert all(reason in text for text in reasons)
    assert store.count == 32 - refused


def test_two_persons_under_one_id_ring(hospital):
    for index in range(4):
        write_slice(hospital / "other" / f"{index}.dcm", 1, 2, index, PatientName="somebody else", PatientSex="F")
    _, alarms, _ = prepare(hospital)
    assert alarms["patient_id_conflict"].evidence == {"ids": 1}


def test_filters_leave_out_and_list_the_rest(hospital):
    for index in range(3):
        write_slice(hospital / "pet" / f"{index}.dcm", 20, 1, index, Modality="PT", SeriesDescription="whole body")
    store, _, reasons = prepare(hospital, "--only-modality", "CT")
    assert store.count == 32
    assert len(reasons) == 3
    assert store.modality == "CT"


def test_links_out_of_the_source_and_strange_files_are_listed_and_not_followed(hospital, tmp_path):
    outside = tmp_path / "outside.dcm"
    write_slice(outside, 50, 1, 0)
    (hospital / "P1" / "link.dcm").symlink_to(outside)
    (hospital / "P2" / "loop").symlink_to(hospital)
    (hospital / "P3" / "gone.dcm").symlink_to(hospital / "nowhere")
    (hospital / "P4" / 'x"; rm -rf $HOME <img>.dcm').write_text("no image")
    store, _, reasons = prepare(hospital)
    assert store.count == 32
    assert len(reasons) == 4
    assert {"a symbolic link out of the source folder", "a broken symbolic link"} < set(reasons)


def test_windows_numbers_and_spacing_reach_the_store(hospital):
    store, _, _ = prepare(hospital, "--window", "soft_tissue", "--spacing-mm", "1.4")
    assert (store.intensity.low, store.intensity.high) == (-160, 240)
    assert set(store.column("spacing_mm").tolist()) == {"1.4 x 1.4"}
    assert np.asarray(store.images).min() < -160  # the store keeps all HU


@pytest.mark.parametrize(
    ("folder", "stated"), [("{}", "patient"), ("{}/s{}", "patient/-"), ("export/{}/s{}", "-/patient/-")]
)
def test_where_all_headers_share_one_id_the_alarm_names_what_makes_folders_patients(folder, stated, tmp_path):
    for patient, series, index in product(range(8), range(2), range(3)):
        place = folder.format(f"{100 + patient}", series)
        write_slice(tmp_path / "scans" / place / f"{series}{index}.dcm", patient, series, index, PatientID="ANON1")
    store, alarms, _ = prepare(tmp_path / "scans")
    assert not any(store.column("patient"))
    assert f"--levels {stated}" in alarms["patient_id_shared"].message
    again = (tmp_path / "again" / "scans").resolve()
    again.parent.mkdir()
    store, alarms, _ = prepare((tmp_path / "scans").rename(again), "--levels", stated)
    assert len(set(store.column("patient").tolist()) - {""}) == 8
    assert "patient_id_shared" not in alarms


def test_read_only_target_is_told_in_words(hospital, capfd):
    assert execute(["prepare", str(hospital), "/proc/nowhere/store"]) == 2
    told = capfd.readouterr().err
    assert "error:" in told
    assert "Traceback" not in told


MISTAKES = {
    "missing source": (["prepare", "{tmp}/nowhere", "{tmp}/s"], "does not exist"),
    "empty source": (["prepare", "{tmp}/empty", "{tmp}/s"], "holds no files"),
    "one image": (["prepare", "{tmp}/one", "{tmp}/s"], "too few independent images"),
    "text only": (["prepare", "{tmp}/text", "{tmp}/s"], "holds no usable image"),
    "size too small": (["prepare", "{tmp}/one", "{tmp}/s", "--size", "4"], "--size is out of range: got 4"),
    "no group in pattern": (["prepare", "{tmp}/one", "{tmp}/s", "--patient-pattern", "x"], "has no group"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_words_and_leaves_nothing_behind(name, places, capsys):
    assert_told(*MISTAKES[name], places, capsys)


def test_a_mistake_in_a_real_process_exits_with_2_and_no_traceback(tmp_path):
    command = [sys.executable, "-m", "ganoscope", "prepare", str(tmp_path / "none"), str(tmp_path / "s")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: source")


def test_lung_fields_beside_films_are_anatomy_and_never_films(make_source, smooth, tmp_path, capsys):
    rows, columns = np.ogrid[:64, :64]
    contents = {}
    for number in range(24):
        label = "sick" if number % 2 else "well"
        lungs = 255 * (((rows - 32) ** 2 + (columns - 20 - number) ** 2) < 200).astype(np.uint8)
        contents |= {f"{label}/films/{number}.png": smooth(number, (64, 64)), f"{label}/fields/{number}.png": lungs}
    source = make_source(contents)
    assert execute(["prepare", str(source), str(tmp_path / "store"), "--size", "32"]) == 0
    said = capsys.readouterr().out
    assert "24 files were not taken (24 x a label map, by its values" in said
    fields = tmp_path / "fields"
    for path in sorted(source.glob("*/fields/*")):
        (fields / path.parent.parent.name).mkdir(parents=True, exist_ok=True)
        path.rename(fields / path.parent.parent.name / path.name)
    call = ["prepare", str(source), str(tmp_path / "other"), "--size", "32", "--anatomy", str(fields)]
    assert execute(call) == 0
    said = "".join(capsys.readouterr())
    assert "24 of 24 fit a picture by their names" in said
    assert "masks of anatomy: 24 of 24 images" in said
    assert "findings" not in said
    for store in map(Store.open, (tmp_path / "store", tmp_path / "other")):
        assert (store.count, store.masks) == (24, None)
        assert sorted(set(store.column("label").tolist())) == ["sick", "well"]
    assert execute([*call[:-1], str(tmp_path / "gone"), "--check-only"]) == 2
    assert "--anatomy is no folder" in capsys.readouterr().err
