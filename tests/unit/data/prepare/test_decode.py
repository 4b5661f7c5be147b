"""prepare on series: cropping to the body keeps them whole, mixtures are refused, copies of slices are left out."""

import csv
from collections import Counter

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.ingest import Ingest
from ganoscope.data.prepare.transfer import Row
from ganoscope.data.store.splits import Fractions, make_splits
from ganoscope.errors import UserError
from ganoscope.workflows.prepare import prepare

WHOLE, BODY = PrepareConfig(size=16), PrepareConfig(size=16, fit="body")
COPY = "an exact copy of another slice of its series"
RADII_PX = (14, 18, 22, 26)


def draw_slice(texture, radius_px):
    """A body of one radius in air, 64 x 64, in HU + 1024."""
    rows, columns = np.ogrid[:64, :64]
    inside = (rows - 32) ** 2 + (columns - 32) ** 2 <= radius_px**2
    return np.where(inside, 1024 + texture // 16, 24).astype("<u2")


def write_slice(path, pixels, patient, position_mm, spacing_mm=0.7, intercept=-1024):
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID, data.SeriesInstanceUID = CTImageStorage, "1.2.9", f"1.2.{patient}"
    data.Modality, data.PatientID, (data.Rows, data.Columns) = "CT", f"patient-{patient}", pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.RescaleSlope, data.RescaleIntercept = 15, 1, intercept
    data.ImageOrientationPatient, data.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, position_mm]
    data.PixelSpacing, data.SliceThickness = [spacing_mm, spacing_mm], 2
    data.PixelData = pixels.tobytes()
    data["PixelData"].VR = "OW"
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = CTImageStorage, "1.2.9"
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, data, enforce_file_format=True)


@pytest.fixture
def source(tmp_path, smooth):
    """Four patients with a series of four slices 2 mm apart, in which the body grows, and three with one slice each.

    The series' bodies resemble each other, the single slices nothing: these make that there is something to split.
    """
    for patient in range(4):
        for n, radius in enumerate(RADII_PX):
            pixels = draw_slice(smooth(10 * patient + n, (64, 64), "uint16"), radius)
            write_slice(tmp_path / f"source/p{patient}/{n}.dcm", pixels, patient, 2 * n)
    for patient in range(4, 7):
        pixels = draw_slice(smooth(10 * patient, (64, 64), "uint16"), radius_px=40)
        write_slice(tmp_path / f"source/p{patient}/0.dcm", pixels, patient, 0)
    return tmp_path / "source"


@pytest.fixture
def target(tmp_path):
    return tmp_path / "store"


def rows_of(store, table):
    with (store.path / table).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def reasons_of(store):
    return dict(Counter(row["reason"] for row in rows_of(store, "quarantine.csv")))


def test_a_body_that_grows_from_slice_to_slice_is_one_series_with_a_spacing_for_each(source, target):
    store = prepare(source, target, BODY)
    assert reasons_of(store) == {}
    assert [(row["slices"], row["spacing_between_mm"]) for row in rows_of(store, "series.csv")] == [("4", "2.0")] * 4
    for row in (row for row in rows_of(store, "manifest.csv") if row["series"]):
        stored, whole = float(row["spacing_mm"].split()[0]), 64 * 0.7 / 16
        radius = RADII_PX[int(float(row["position_mm"])) // 2]
        assert stored == pytest.approx(whole * (2 * radius + 1) / 64, rel=0.1)


@pytest.mark.parametrize("config", [WHOLE, BODY, PrepareConfig(size=16, spacing_mm=3.0)])
def test_a_single_slice_of_another_kind_is_left_out_whatever_the_fit(source, target, smooth, config):
    pixels = draw_slice(smooth(77, (64, 64), "uint16"), 20)
    write_slice(source / "p0/4.dcm", pixels, 0, 8, spacing_mm=0.8)
    write_slice(source / "p1/4.dcm", pixels[8:56, 8:56].copy(), 1, 8)
    assert reasons_of(prepare(source, target, config)) == {
        f"a single slice of another {what} beside the volume of its series: a scout or a stray slice": 1
        for what in ("pixel spacing", "picture size")
    }


@pytest.mark.parametrize("config", [WHOLE, BODY])
def test_a_series_copied_into_the_tree_is_taken_once(source, target, config):
    for path in sorted((source / "p0").iterdir()):
        copy = source / "p0-copy" / path.name
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    store = prepare(source, target, config)
    assert reasons_of(store) == {COPY: 4}
    assert len({row["source"] for row in rows_of(store, "quarantine.csv")}) == 4
    assert [row["slices"] for row in rows_of(store, "series.csv")] == ["4"] * 4
    assert len(set(store.column("source_sha256").tolist())) == len(store.column("source_sha256")) == 19


def test_one_copied_slice_is_taken_once_and_is_no_series(source, target, smooth):
    for name in ("a", "b"):
        write_slice(source / f"p9/{name}.dcm", draw_slice(smooth(99, (64, 64), "uint16"), 20), 9, 0)
    store = prepare(source, target, WHOLE)
    assert reasons_of(store) == {COPY: 1}
    assert [row["series"] for row in rows_of(store, "manifest.csv")].count("") == 4


def test_different_pictures_at_one_position_are_refused_beside_copies(source, target, smooth):
    (source / "p0/copy.dcm").write_bytes((source / "p0/0.dcm").read_bytes())
    write_slice(source / "p0/other.dcm", draw_slice(smooth(99, (64, 64), "uint16"), 20), 0, 2)
    assert reasons_of(prepare(source, target, WHOLE)) == {
        "1 of 5 slices lie where another one does, more than one volume in the series; no known attribute tells them "
        "apart; keep one slice for each position, or give each volume a SeriesInstanceUID of its own": 5,
        COPY: 1,
    }


def test_an_error_is_explained_by_the_files_that_were_not_taken(tmp_path):
    ingest = Ingest(tmp_path, 16)
    one = np.zeros(1, np.int32), np.zeros(1, np.int32), np.full(1, "", "<U10")
    with pytest.raises(UserError, match=r"too few independent images to split.* only tested on\.$"):  # noqa: SIM117
        with ingest.explaining_reasons():
            make_splits(*one, Fractions(), 0)
    for n in range(10):
        for _ in range(20 - n):
            ingest._take_one(Row({"number": n}, reason=f"fault {n}"), "")
    with pytest.raises(UserError) as error, ingest.explaining_reasons():
        make_splits(*one, Fractions(), 0)
    first, second, *reasons = str(error.value).splitlines()
    assert first.startswith("too few independent images to split: got 1 image in 1 group of")
    assert second == "rejected: 155 files"
    assert reasons == [f"  {20 - n} x fault {n}" for n in range(8)]


def test_slices_of_air_in_a_round_field_of_view_are_no_copies_of_each_other(source, tmp_path):
    """Edge slices of two patients: noise of air in the same circle, unmeasured around it."""
    rows, columns = np.ogrid[:64, :64]
    beyond = (rows - 32) ** 2 + (columns - 32) ** 2 > 30**2
    for patient in (8, 9):
        air = 24 + np.random.default_rng(patient).normal(0, 12, (64, 64)).clip(-24, 40)
        pixels = np.where(beyond, 0, air + 1024).astype("<u2")
        write_slice(tmp_path / f"source/p{patient}/0.dcm", pixels, patient, 0, intercept=-2048)
    store = prepare(source, tmp_path / "store", WHOLE)
    groups = dict(zip(store.column("source").tolist(), store.column("group").tolist(), strict=True))
    assert store.images[-1].min() < -1500 < store.images[-1].max()
    assert groups["file-0000019"] != groups["file-0000020"]


def test_turned_copies_of_anatomy_in_the_field_of_view_are_found(source, tmp_path, smooth):
    pixels = draw_slice(smooth(3, (64, 64), "uint16"), 24)
    for patient, turned in ((8, pixels), (9, np.ascontiguousarray(np.fliplr(pixels)))):
        write_slice(tmp_path / f"source/p{patient}/0.dcm", turned, patient, 0)
    store = prepare(source, tmp_path / "store", WHOLE)
    groups = dict(zip(store.column("source").tolist(), store.column("group").tolist(), strict=True))
    assert groups["file-0000019"] == groups["file-0000020"]
