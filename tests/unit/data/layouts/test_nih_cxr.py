"""Layout `nih_cxr`: names give the patient."""

from tests.fixtures.listings import entries, listing


def test_nih_names_give_the_patient_and_dates_do_not(make_source):
    source = make_source({"abnormal/00000013_000.png": b"", "abnormal/00000013_001.png": b"", "stray.txt": b""})
    source.joinpath("stray.txt").unlink()
    items = entries(source, "nih_cxr")
    assert [(item.label, item.patient, item.modality) for item in items] == [("abnormal", "00000013", "DX")] * 2
    listing(make_source({"abnormal/20240131_000.png": b"", "abnormal/20240131_001.png": b""}, folder="dates"))
