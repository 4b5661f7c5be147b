"""Finalizing: groups and splits that no patient and no copy crosses."""

import re

import numpy as np
import pytest
from tests.fixtures.dicom_files import write
from tests.fixtures.prepared import PARTS, SMALL, evidence_of, names_of

from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store.splits import SPLITS
from ganoscope.errors import UserError
from ganoscope.workflows.prepare import prepare


def split_of(store):
    return dict(zip(names_of(store), store.column("split").tolist(), strict=True))


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
    assert evidence_of(store)["source_split_overlap"] == {"identical": 1, "patients": 0, "moved": 2}


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


def test_one_image_is_too_few(make_source, target, smooth):
    with pytest.raises(UserError, match=r"got 1 image in 1 group"):
        prepare(make_source({"only.png": smooth(0)}), target, SMALL)
    assert not target.exists()


def test_copies_of_one_image_are_too_few(make_source, target, smooth):
    with pytest.raises(UserError, match=r"got 9 images in 1 group"):
        prepare(make_source({f"{n}.png": smooth(0) for n in range(9)}), target, SMALL)


def test_shares_reach_the_splits(make_source, target, smooth):
    source = make_source({f"{n}.png": smooth(n) for n in range(20)})
    store = prepare(source, target, PrepareConfig(size=16, validation=0.2, test=0.4))
    assert {part: len(store.indices(part)) for part in PARTS} == {"train": 8, "validation": 4, "test": 8}


@pytest.fixture
def make_series(tmp_path, smooth):
    """Writes CT series of four slices: (folder, attributes) each."""

    def make(*series):
        for number, (folder, attributes) in enumerate(series):
            (tmp_path / "source" / folder).mkdir(parents=True)
            for z in range(4):
                place = {"ImagePositionPatient": [0, 0, 2 * z], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
                values = {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -1024, "PixelSpacing": [1, 1]}
                uids = {"SeriesInstanceUID": f"1.2.{number + 1}", "StudyInstanceUID": f"1.3.{number + 1}"}
                uids["SOPInstanceUID"] = f"1.4.{number}.{z}"
                pixels = smooth(10 * number + z, dtype="uint16") // 20
                name = tmp_path / "source" / folder / f"{folder}_{z}.dcm"
                write(name, pixels, **{**place, **values, **uids, **attributes})
        return tmp_path / "source"

    return make


ANONYMIZED = [(f"case_{n:02d}", {"PatientID": "ANONYMIZED", "PatientName": "ANONYMIZED"}) for n in range(6)]


@pytest.mark.parametrize("pattern", [r"^(case_\d+)_", r"(case_\d+)/", r"^(case_\d+)/case"])
def test_a_stated_pattern_goes_before_the_header_and_says_what_it_matched(make_series, target, capfd, pattern):
    store = prepare(make_series(*ANONYMIZED), target, PrepareConfig(size=16, patient_pattern=pattern))
    assert len(set(store.column("patient").tolist())) == 6
    assert set(store.column("split").tolist()) == PARTS
    assert "--patient-pattern matched 24 of 24 images: 6 patients" in capfd.readouterr().err
    assert not {"patient_id_shared", "patients_unknown", "patient_pattern_missed"} & set(evidence_of(store))


def test_a_pattern_may_read_a_part_of_the_patient_id(make_series, target):
    source = make_series(*((f"{n}", {"PatientID": f"P{n // 2}-scan{n}"}) for n in range(8)))
    store = prepare(source, target, PrepareConfig(size=16, patient_pattern=r"^(P\d)-"))
    assert len(set(store.column("patient").tolist())) == 4


def test_an_id_that_all_files_share_is_told_and_not_used(make_series, target):
    store = prepare(make_series(*ANONYMIZED), target, SMALL)
    assert set(store.column("patient").tolist()) == {""}
    assert len(set(store.column("group").tolist())) == 6
    assert evidence_of(store)["patient_id_shared"] == {"images": 24}


def test_a_shared_id_is_told_whatever_it_is_but_one_file_alone_is_no_reason(make_series, target):
    store = prepare(make_series(*((f"{n}", {"PatientID": "H-77"}) for n in range(4))), target, SMALL)
    assert evidence_of(store)["patient_id_shared"] == {"images": 16}


def test_the_only_patient_that_was_asked_for_keeps_the_id(make_series, target):
    chosen = [(f"{n}", {"PatientID": "H-77"}) for n in range(4)]
    source = make_series(*chosen, ("other", {"PatientID": "H-78", "Modality": "PT"}))
    with pytest.raises(UserError) as error:
        prepare(source, target, PrepareConfig(size=16, only_modality="CT"))
    assert "in 1 group of" in str(error.value)
    assert "not used" not in str(error.value)


def test_one_volume_of_one_person_is_not_said_to_share_an_id(make_series, target):
    with pytest.raises(UserError) as error:
        prepare(make_series(("a", {"PatientID": "H-77"})), target, SMALL)
    assert "in 1 group of" in str(error.value)
    assert "not used" not in str(error.value)


def test_ids_that_no_person_has_count_as_unknown(make_series, target):
    ids = ["ANONYMOUS", "ANONYMOUS", "P1", "P2", "P3", "0"]
    store = prepare(make_series(*((f"{n}", {"PatientID": name}) for n, name in enumerate(ids))), target, SMALL)
    assert evidence_of(store)["patient_id_placeholder"] == {"images": 12}
    assert len(set(store.column("patient").tolist())) == 4  # three, and the unknown
    assert len(set(store.column("group").tolist())) == 6


def test_the_uid_of_a_study_as_patient_id_is_told(make_series, target):
    store = prepare(make_series(*((f"{n}", {"PatientID": f"1.3.{n + 1}"}) for n in range(4))), target, SMALL)
    assert evidence_of(store)["patient_id_uid"] == {"images": 16}
    assert len(set(store.column("patient").tolist())) == 4


def test_ids_of_a_table_are_taken_as_they_are(make_source, target, smooth):
    rows = "".join(f"{n}.png,{'ab'[n % 2]},{n % 4}\n" for n in range(12))
    source = make_source(
        {**{f"{n}.png": smooth(n) for n in range(12)}, "m.csv": f"path,label,patient\n{rows}".encode()}
    )
    store = prepare(source, target, SMALL)
    assert len(set(store.column("patient").tolist()) - {""}) == 4
    assert "patient_id_placeholder" not in evidence_of(store)


def test_a_pattern_that_matches_a_part_or_nothing_is_an_alarm(make_source, target, pictures, capfd):
    store = prepare(make_source(pictures), target, PrepareConfig(size=16, patient_pattern=r"(scan0\d)"))
    assert evidence_of(store)["patient_pattern_missed"] == {"matched": 10, "missed": 2}
    assert "matched 10 of 12 images: 10 patients" in capfd.readouterr().err


def test_too_few_patients_of_a_pattern_are_explained(make_source, target, pictures):
    with pytest.raises(UserError, match=r"--patient-pattern matched 12 images: 1 patient"):
        prepare(make_source(pictures), target, PrepareConfig(size=16, patient_pattern=r"(scan)"))


def test_a_store_may_be_for_testing_alone(make_source, target, pictures):
    store = prepare(make_source(pictures), target, PrepareConfig(size=16, split="test"))
    assert set(store.column("split").tolist()) == {"test"}
    assert not {"few_images", "missing_classes", "source_split_overlap"} & set(evidence_of(store))
    assert all("validation" not in text for text in evidence_of(store)["thin_classes"]["splits"])


def test_one_patient_is_enough_for_testing_alone(make_source, target, smooth):
    source = make_source({"a/p1_1.png": smooth(0), "a/p1_2.png": smooth(1)})
    store = prepare(source, target, PrepareConfig(size=16, split="test", patient_pattern="(p1)"))
    assert store.column("split").tolist() == ["test", "test"]


def test_splits_of_the_source_can_be_ignored(make_source, target, smooth):
    names = {
        f"{part}/a/{part}{n}.png": smooth(n + start) for part, start in (("train", 0), ("test", 20)) for n in range(12)
    }
    store = prepare(make_source(names), target, PrepareConfig(size=16, ignore_source_splits=True))
    assert set(store.column("source_split").tolist()) == {""}
    assert {split_of(store)[f"test/a/test{n}.png"] for n in range(12)} > {"train"}


def test_patients_that_the_splits_of_the_source_cut_are_counted_and_joined(make_source, target, smooth):
    names = {f"train/p{n}_1.png": smooth(n) for n in range(12)} | {
        f"test/p{n}_2.png": smooth(50 + n) for n in range(8, 16)
    }
    store = prepare(make_source(names), target, PrepareConfig(size=16, patient_pattern=r"(p\d+)_"))
    assert evidence_of(store)["source_split_overlap"] == {"identical": 0, "patients": 4, "moved": 4}
    for patient in set(store.column("patient").tolist()):
        assert len(set(store.column("split")[store.column("patient") == patient].tolist())) == 1


def test_a_known_patient_in_two_splits_is_never_published(make_source, target, pictures, monkeypatch):
    careless = lambda groups, *others: np.resize(np.array(SPLITS), len(groups))  # noqa: E731
    monkeypatch.setattr("ganoscope.data.prepare.finalize.make_splits", careless)
    with pytest.raises(UserError, match=r"in two splits: . known patients? and [12] groups? .*; allowed: none"):
        prepare(make_source(pictures), target, PrepareConfig(size=16, patient_pattern=r"(scan\d)"))
    assert not target.exists()
