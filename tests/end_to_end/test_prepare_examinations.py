"""`ganoscope prepare` on DICOM whose examinations contradict its patient ids: one person is never in two splits."""

import csv

import numpy as np
import pytest
from tests.fixtures.dicom_files import CR, write

from ganoscope.alarms import load_alarms
from ganoscope.cli import execute
from ganoscope.data.store import Store
from ganoscope.data.store.splits import SPLITS

UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "SOPInstanceUID", "AccessionNumber")
LEVELS = {"StudyInstanceUID": 1, "SeriesInstanceUID": 2, "FrameOfReferenceUID": 3, "SOPInstanceUID": 4}


def make_film(folder, patient, smooth, patient_id=None, **changes):
    """A film of its own texture, with identifiers of its own except for the `changes`."""
    own = {name: f"1.2.826.0.1.{level}.{patient}" for name, level in LEVELS.items()}
    own |= {"AccessionNumber": f"{7_000_000 + patient}", "PatientID": patient_id or f"id{patient}"}
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / f"p{patient:02d}.dcm", smooth(patient), **CR, **(own | changes))


@pytest.fixture
def films(tmp_path, smooth):
    """Makes films of 20 patients; `changes` by patient."""

    def make(changes=None, everywhere=None):
        for patient in range(20):
            own = {**(everywhere or {}), **(changes or {}).get(patient, {})}
            make_film(tmp_path / "films" / "all", patient, smooth, **own)
        return tmp_path / "films"

    return make


def prepare(source, *options):
    store = source.parent / "store"
    assert execute(["prepare", str(source), str(store), "--size", "16", *options]) == 0
    with (source.parent / "store.key.csv").open(newline="") as file:
        files = {row["source"]: row["name"][-7:-4] for row in csv.DictReader(file)}
    opened = Store.open(store)
    names = [files[source] for source in opened.column("source").tolist()]
    groups = dict(zip(names, opened.column("group").tolist(), strict=True))
    return opened, groups, {alarm.code: alarm for alarm in load_alarms(store / "alarms.json")}


@pytest.mark.parametrize("name", UIDS)
def test_an_identifier_under_two_patient_ids_holds_both_together(films, name):
    shared = {name: "1.2.826.0.1.9.99999999"}
    if name == "AccessionNumber":
        shared = {name: "99999999", "StudyInstanceUID": ""}
    store, groups, alarms = prepare(films({3: shared, 11: shared}))
    assert groups["p03"] == groups["p11"]
    assert len(set(groups.values())) == 19
    assert len(set(store.column("patient").tolist())) == 20
    assert alarms["study_of_two_patients"].evidence == {name: 1, "patients": 2}
    assert "--patient-pattern" in alarms["study_of_two_patients"].message
    assert "constant_identifier" not in alarms


def test_a_study_in_two_splits_is_never_published(films, monkeypatch, capsys):
    shared = {"StudyInstanceUID": "1.2.826.0.1.9.99999999"}
    source = films({3: shared, 11: shared})
    monkeypatch.setattr("ganoscope.data.prepare.finalize.group", lambda columns, *_: np.arange(len(columns.patient)))
    careless = lambda groups, *_: np.resize(np.array(SPLITS), len(groups))  # noqa: E731
    monkeypatch.setattr("ganoscope.data.prepare.finalize.make_splits", careless)
    assert execute(["prepare", str(source), str(source.parent / "store"), "--size", "16"]) != 0
    assert "and 1 study" in capsys.readouterr().err
    assert not (source.parent / "store").exists()


def test_no_identifier_is_in_the_store(films):
    shared = {"StudyInstanceUID": "1.2.826.0.1.9.99999999"}
    store, _, _ = prepare(films({3: shared, 11: shared}))
    texts = [path.read_bytes() for path in store.path.iterdir()]
    assert not any(b"1.2.826.0.1" in text or b"7000003" in text or b"shared_ids" in text for text in texts)


def test_images_of_a_study_without_patient_ids_stay_together(films):
    shared = {"StudyInstanceUID": "1.2.826.0.1.9.99999999"}
    _, groups, alarms = prepare(films({3: shared, 11: shared}, everywhere={"PatientID": ""}))
    assert groups["p03"] == groups["p11"]
    assert len(set(groups.values())) == 19
    assert "study_of_two_patients" not in alarms


@pytest.mark.parametrize("bearers", [20, 10])
def test_a_constant_holds_nothing_together_and_is_told(films, bearers):
    constant = {"StudyInstanceUID": "1.2.826.0.1.9", "FrameOfReferenceUID": "1.2.826.0.1.8"}
    _, groups, alarms = prepare(films(dict.fromkeys(range(bearers), constant)))
    assert len(set(groups.values())) == 20
    assert alarms["constant_identifier"].evidence == dict.fromkeys(constant, bearers)
    assert "study_of_two_patients" not in alarms


@pytest.mark.parametrize(
    "harmless",
    [
        {"FrameOfReferenceUID": "1.2.840.10008.1.4.1.1"},
        {"AccessionNumber": "99999999"},
        {"AccessionNumber": "17", "StudyInstanceUID": ""},
        {"AccessionNumber": "000000000", "StudyInstanceUID": ""},
        {"AccessionNumber": "", "StudyInstanceUID": ""},
    ],
)
def test_public_frames_short_numbers_and_numbers_beside_studies_hold_nothing_together(films, harmless):
    _, groups, alarms = prepare(films({3: harmless, 11: harmless}))
    assert len(set(groups.values())) == 20
    assert not {"study_of_two_patients", "constant_identifier"} & set(alarms)


def test_patients_that_the_user_states_win_and_the_alarm_remains(films):
    shared = {"StudyInstanceUID": "1.2.826.0.1.9.99999999"}
    source = films({3: shared, 11: shared})
    _, groups, alarms = prepare(source, "--patient-pattern", r"/p(\d+)\.dcm")
    assert len(set(groups.values())) == 20
    assert alarms["study_of_two_patients"].evidence == {"StudyInstanceUID": 1, "patients": 2}
    assert "The pattern was followed" in alarms["study_of_two_patients"].message


def test_a_study_that_leaves_too_few_groups_is_named(films, capsys, smooth, tmp_path):
    for patient in range(4):
        study = {"StudyInstanceUID": f"1.2.826.0.1.9.{patient // 2}"}
        make_film(tmp_path / "few", patient, smooth, **study)
    assert execute(["prepare", str(tmp_path / "few"), str(tmp_path / "store"), "--size", "16"]) != 0
    told = capsys.readouterr()
    assert "2 StudyInstanceUIDs are under several patient ids" in " ".join((told.out + told.err).split())


def test_slices_of_a_study_whose_every_file_has_a_patient_id_of_its_own_stay_together(tmp_path, smooth):
    for study in range(12):
        for index in range(3):
            number = 3 * study + index
            make_film(tmp_path / "films", number, smooth, StudyInstanceUID=f"1.2.826.0.1.9.{study}")
    _, groups, alarms = prepare(tmp_path / "films")
    assert len(set(groups.values())) == 12
    assert alarms["study_of_two_patients"].evidence == {"StudyInstanceUID": 12, "patients": 36}


def test_unknown_patients_do_not_hide_a_study_of_two(films):
    shared = {"StudyInstanceUID": "1.2.826.0.1.9.99999999"}
    changes = {number: {"PatientID": ""} for number in range(5)} | {3: {**shared, "PatientID": ""}, 11: shared}
    _, groups, alarms = prepare(films(changes))
    assert groups["p03"] == groups["p11"]
    assert np.unique(list(groups.values())).size == 19
    assert "study_of_two_patients" not in alarms
