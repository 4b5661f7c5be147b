"""Planted identifiers are nowhere in what ganoscope writes and prints: only in the key file, which its owner alone
reads."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from ganoscope.cli import execute

IDENTIFIERS = {
    "PatientName": "Zuckmayer^Ottilie",
    "PatientID": "HOSP-4711-XQ",
    "PatientBirthDate": "19480317",
    "PatientAddress": "Birkenweg 9 Rostock",
    "StudyDate": "20170605",
    "SeriesDate": "20170606",
    "StudyTime": "142233.771",
    "AccessionNumber": "ACC556677",
    "InstitutionName": "Klinikum Wolkenkuckucksheim",
    "ReferringPhysicianName": "Brackwasser^Hildebert",
    "OperatorsName": "Pumpernickel",
    "StudyDescription": "Thorax wegen Sturz bei Frau Zuckmayer",
    "SeriesDescription": "lung kernel for Dr. Brackwasser",
    "ProtocolName": "ThoraxProtokoll77",
    "PatientComments": "allergic to kiwifruit",
    "DeviceSerialNumber": "SN99887766",
    "StationName": "CTROOM5",
}
STUDY_UID, SERIES_UID, IMAGE_UID = (
    "1.2.276.0.7230010.3.1.2.1001",
    "1.2.276.0.7230010.3.1.3.2002",
    "1.2.276.0.7230010.3.1.4.3003",
)
FOLDER, FILE = "Zuckmayer_Ottilie_480317", "thorax_vorgestern"


def write_slice(path, patient, index, pixels):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = f"{IMAGE_UID}.{patient}.{index}"
    data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    for name, value in IDENTIFIERS.items():
        setattr(data, name, value)
    data.PatientID = f"{IDENTIFIERS['PatientID']}{patient}"
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID, data.SeriesInstanceUID = f"{STUDY_UID}.{patient}", f"{SERIES_UID}.{patient}"
    data.FrameOfReferenceUID = f"{STUDY_UID}.5.{patient}"
    data.Modality, data.SamplesPerPixel, data.PhotometricInterpretation = "CT", 1, "MONOCHROME2"
    data.Rows, data.Columns = pixels.shape
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.RescaleIntercept, data.RescaleSlope = 0, 1
    data.PixelSpacing, data.SliceThickness = [0.7, 0.7], 2
    data.ImageOrientationPatient, data.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 2 * index]
    data.add(pydicom.DataElement(0x00091001, "LO", "private Zuckmayer"))
    data.PixelData = pixels.astype(np.int16).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, data, enforce_file_format=True)


def plant(source):
    """Nine patients with identifiers everywhere, and files that can't be taken, also with identifiers."""
    y, x = np.mgrid[:40, :40]
    rng = np.random.default_rng(0)
    for patient in range(9):
        for index in range(4):
            body = np.where((y - 20) ** 2 + (x - 20) ** 2 < 200 + 10 * index, 40, -1000)
            pixels = body + rng.integers(-300, 300, (5, 5)).repeat(8, 0).repeat(8, 1)
            write_slice(source / f"{FOLDER}{patient}" / SERIES_UID / f"{FILE}{index}.dcm", patient, index, pixels)
    whole = (source / f"{FOLDER}0" / SERIES_UID / f"{FILE}0.dcm").read_bytes()
    (source / f"{FOLDER}0" / f"{FILE}_cut.dcm").write_bytes(whole[:-900])
    (source / f"{FOLDER}0" / f"{FILE}_text.dcm").write_text("Zuckmayer was here")
    (source / f"{FOLDER}0" / "Zuckmayer gone.dcm").symlink_to(source / "Zuckmayer nowhere.dcm")


def find_in(content):
    """The planted texts in bytes, in any common encoding."""
    words = [*IDENTIFIERS.values(), *["Zuckmayer", "Ottilie", "Brackwasser", "Hildebert", "Birkenweg", "kiwifruit"]]
    words += [STUDY_UID, SERIES_UID, IMAGE_UID, FOLDER, FILE]
    return [
        word
        for word in words
        for encoding in ("utf-8", "utf-16-le", "utf-32-le")
        if word.encode(encoding).lower() in content.lower()
    ]


def list_leaks(folder: Path):
    leaks = {}
    for path in folder.rglob("*"):
        found = find_in(str(path.relative_to(folder)).encode())
        if path.is_file():
            found += find_in(path.read_bytes())
        if found:
            leaks[str(path.relative_to(folder))] = sorted(set(found))
    return leaks


def test_planted_identifiers_are_found_where_they_are(tmp_path):
    """Guards the search itself."""
    plant(tmp_path / "source")
    assert len(list_leaks(tmp_path / "source")) > 36
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "note.txt").write_text("seen: BIRKENWEG 9 Rostock", encoding="utf-16-le")
    assert list_leaks(tmp_path / "plain") == {"note.txt": ["Birkenweg", "Birkenweg 9 Rostock"]}


@pytest.mark.parametrize("cut_short", [False, True])
def test_no_artefact_names_a_patient(tmp_path, capfd, cut_short):
    plant(tmp_path / "source")
    out = tmp_path / "out"
    store, run = str(out / "store"), str(out / "run")
    small = ["--images", "96", "--batch-size", "16", "--tick-images", "48"]
    small += ["--generator-channels", "4", "--discriminator-channels", "4"]
    commands = [["prepare", str(tmp_path / "source"), store, "--size", "32"], ["inspect", store]]
    if not cut_short:
        commands += [
            ["train", "dcgan", store, run, *small],
            ["generate", run, str(out / "generated"), "--number", "16"],
            ["explain", run, store, str(run) + "/explanations", "--number", "8"],
            ["report", run],
        ]
    for command in commands:
        assert execute(command) == 0, command
    key = out / "store.key.csv"
    assert key.stat().st_mode & 0o077 == 0
    assert find_in(key.read_bytes())  # the way back to the source is there, and only there
    key.rename(tmp_path / "key.csv")
    assert list_leaks(out) == {}
    printed = capfd.readouterr()
    assert find_in((printed.out + printed.err).encode()) == []
