"""Soundness: each alarm rings for its own fault, with the right numbers, and for nothing else."""

import csv

import pytest

from ganoscope.data.checks import CHECKS
from ganoscope.data.checks.soundness import find_alarms
from ganoscope.data.checks.split_sizes import FEW_IMAGES
from ganoscope.data.checks.store_tables import SourceFacts
from ganoscope.data.prepare.ingest import SERIES_COLUMNS
from ganoscope.data.store.contents import compute_statistics
from ganoscope.files.tables import save_csv

COUNT = 324  # 216 of them for training: enough


def clean_rows(count=COUNT):
    return [{} for _ in range(count)]


def with_changes(*changes):
    rows = clean_rows()
    for index, change in changes:
        rows[index] = {**rows[index], **change}
    return rows


def alarms_by_code(store):
    return {alarm.code: alarm for alarm in find_alarms(store)}


def test_sound_store_has_no_alarm(make_store):
    assert find_alarms(make_store(clean_rows())) == []


@pytest.mark.parametrize(
    ("changes", "code", "severity", "evidence"),
    [
        ([(0, {"group": "g"}), (10, {"group": "g"})], "split_crossing", "danger", {"groups": 1}),
        (
            [(0, {"source_sha256": "c"}), (1, {"source_sha256": "c"}), (2, {"source_sha256": "c"})],
            "exact_copies",
            "warning",
            {"copies": 2},
        ),
        (
            [
                (0, {"source_split": "test", "split": "train"}),
                (1, {"source_split": "validation", "split": "train"}),
                (2, {"source_split": "test", "split": "validation"}),
                (3, {"source_split": "train", "split": "validation"}),
                (10, {"source_split": "test", "split": "test"}),
            ],
            "source_split_overlap",
            "warning",
            {"identical": 0, "patients": 0, "moved": 3},
        ),
        (
            [(0, {"patient": "", "group": "g"}), (1, {"patient": "", "group": "g"}), (2, {"patient": ""})],
            "patients_unknown",
            "warning",
            {"images": 3, "clustered": 2, "largest_cluster": 2},
        ),
        ([(7, {"coloured": True}), (20, {"coloured": True})], "coloured", "warning", {"images": 2}),
    ],
)
def test_alarm_rings_for_its_fault_alone(make_store, changes, code, severity, evidence):
    (alarm,) = find_alarms(make_store(with_changes(*changes)))
    assert (alarm.code, alarm.severity, alarm.evidence) == (code, severity, evidence)
    assert all(str(number) in alarm.message for number in evidence.values())


def test_copy_in_two_source_splits_is_both_copy_and_overlap(make_store):
    copy = {"source_sha256": "c", "split": "train", "group": "g"}
    store = make_store(with_changes((0, {**copy, "source_split": "train"}), (1, {**copy, "source_split": "test"})))
    alarms = alarms_by_code(store)
    assert set(alarms) == {"exact_copies", "source_split_overlap"}
    assert alarms["source_split_overlap"].evidence == {"identical": 1, "patients": 0, "moved": 1}


def test_copy_outside_the_source_splits_is_no_overlap(make_store):
    copy = {"source_sha256": "c", "split": "train", "group": "g"}
    store = make_store(with_changes((0, {**copy, "source_split": "train"}), (1, {**copy, "source_split": ""})))
    assert set(alarms_by_code(store)) == {"exact_copies"}


@pytest.mark.parametrize("split", ["validation", "test"])
def test_held_out_split_of_one_class_is_a_danger(make_store, split):
    alarms = alarms_by_code(make_store([row_of_class(index, split) for index in range(COUNT)]))
    assert set(alarms) == {"single_class_split", "thin_classes"}
    assert (alarms["single_class_split"].severity, alarms["single_class_split"].evidence) == (
        "danger",
        {"split": split},
    )
    assert alarms["thin_classes"].evidence == {"splits": [f"0 sick in {split}"]}


def test_a_class_without_training_images_is_a_danger(make_store):
    alarms = alarms_by_code(make_store([row_of_class(index, "train") for index in range(COUNT)]))
    assert alarms["untrained_classes"].severity == "danger"
    assert "no image of sick (" in alarms["untrained_classes"].message


def row_of_class(index, lacking):
    split = ("train", "train", "train", "train", "validation", "test")[index // 2 % 6]
    return {"label": "well"} if lacking == split else {}


def test_store_of_one_class_needs_no_second(make_store):
    assert find_alarms(make_store([{"label": ""} for _ in range(COUNT)])) == []


@pytest.mark.parametrize(("train", "rings"), [(FEW_IMAGES - 1, True), (FEW_IMAGES, False)])
def test_few_training_images_ring_below_the_limit(make_store, train, rings):
    rows = [{"split": "train"}] * train + [{"split": "validation"}] * 300 + [{"split": "test"}] * 300
    alarms = alarms_by_code(make_store(rows))
    assert set(alarms) == ({"few_images"} if rings else set())
    if rings:
        assert alarms["few_images"].evidence == {"images": train}


def test_quarantine_is_told_with_its_reasons(make_store):
    reasons = ["empty", "empty", "corrupt, cut", "text", "text", "text", "odd"]
    store = make_store(clean_rows(), quarantine=[(f"{n}.png", reason) for n, reason in enumerate(reasons)])
    (alarm,) = find_alarms(store)
    assert (alarm.code, alarm.evidence) == ("quarantined", {"files": 7})
    assert "(3 x text; 2 x empty; 1 x corrupt, cut; ...)" in alarm.message


def write_table(store, name, columns, *rows):
    save_csv(store.path / name, columns, [dict(zip(columns, row, strict=True)) for row in rows])


def save_pairs(store, *pairs):
    write_table(store, "duplicates.csv", ("first", "second", "relation", "correlation"), *((*p, "0.99") for p in pairs))


def test_near_duplicates_ring_by_their_relation_unless_one_patient_is_in_both(make_store):
    store = make_store(with_changes((2, {"patient": "p", "group": "g"}), (4, {"patient": "p", "group": "g"})))
    save_pairs(store, ("id-2", "id-4", "same"), ("id-6", "id-8", "mirrored"), ("id-6", "id-10", "mirrored"))
    (alarm,) = find_alarms(store)
    assert (alarm.code, alarm.evidence) == ("near_duplicates", {"mirrored": 2})


def test_duplicates_with_different_labels_ring(make_store):
    store = make_store(clean_rows())
    save_pairs(store, ("id-0", "id-1", "exact copy"), ("id-2", "id-5", "same"), ("id-6", "id-8", "same"))
    assert alarms_by_code(store)["label_conflicts"].evidence == {"pairs": 2, "exact": 1}


def test_a_duplicate_without_a_label_is_no_conflict_of_labels(make_store):
    store = make_store(with_changes((0, {"label": ""}), (2, {"label": ""}), (4, {"label": ""})))
    save_pairs(store, ("id-0", "id-1", "exact copy"), ("id-5", "id-4", "same"), ("id-2", "id-4", "same"))
    assert "label_conflicts" not in alarms_by_code(store)
    save_pairs(store, ("id-0", "id-1", "exact copy"), ("id-7", "id-6", "same"))
    assert alarms_by_code(store)["label_conflicts"].evidence == {"pairs": 1, "exact": 0}


def test_groups_of_unknown_patients_are_told_as_volumes_or_clusters(make_store):
    alarm = alarms_by_code(make_store(with_changes(*((n, {"patient": "", "group": "g"}) for n in (0, 1, 2)))))
    words = "volumes and near-duplicate clusters stand in for patients (3 images in groups of two or more"
    assert words in alarm["patients_unknown"].message


def test_patient_ids_of_two_persons_ring(make_store):
    (alarm,) = find_alarms(make_store(clean_rows()), SourceFacts(patient_conflicts=3))
    assert (alarm.code, alarm.evidence) == ("patient_id_conflict", {"ids": 3})


def test_a_patient_with_most_images_rings(make_store):
    rows = [{"patient": "p", "group": "g", "split": "train"} if index % 12 < 2 else {} for index in range(COUNT)]
    alarms = alarms_by_code(make_store(rows))
    assert alarms["uneven_patients"].evidence == {"largest": 54, "median": 1.0}


def test_a_patient_in_two_classes_is_noted(make_store):
    same = {"patient": "p", "group": "g"}
    (alarm,) = find_alarms(make_store(with_changes((0, same), (1, same))))
    assert (alarm.code, alarm.severity, alarm.evidence) == ("patients_in_several_classes", "note", {"patients": 1})


def test_problems_of_series_ring(make_store):
    store = make_store(clean_rows())
    rows = [
        ("series-000001", "CT", 10, 1.0, 2.0, 0, "", "position", "EchoTime"),
        ("series-000002", "CT", 8, 2.5, 2.5, 3, "", "", ""),
    ]
    write_table(store, "series.csv", SERIES_COLUMNS, *rows)
    alarms = alarms_by_code(store)
    assert alarms["several_volumes"].evidence == {"volumes": 1, "told_by": ["EchoTime"]}
    assert (alarms["slice_order"].severity, alarms["slice_order"].evidence) == ("warning", {"volumes": 1})
    assert alarms["missing_slices"].evidence == {"series": 1, "slices": 3}
    assert alarms["thickness_spacing"].evidence == {"series": 1, "found": ["2 mm thick every 1"]}


@pytest.mark.parametrize(("count", "rings"), [(3, False), (12, True)])
def test_markers_ring_from_a_share_on(make_store, count, rings):
    alarms = alarms_by_code(
        make_store([{"searched": True, "markers": "1 1 2 2" if n < count else ""} for n in range(COUNT)])
    )
    assert ("burnt_in_markers" in alarms) is rings
    if rings:
        assert alarms["burnt_in_markers"].evidence == {"images": count}


def test_held_out_parts_of_few_groups_ring(make_store):
    rows = [{"group": "g", "patient": ""} if index // 2 % 6 == 5 else {} for index in range(COUNT)]
    assert alarms_by_code(make_store(rows))["few_groups"].evidence == {"splits": ["1 in test"]}


def test_a_held_out_class_of_few_groups_rings_though_its_part_has_many(make_store):
    alarms = alarms_by_code(make_store([row_of_few_groups(index) for index in range(COUNT)]))
    assert set(alarms) == {"few_groups", "patients_unknown"}
    assert alarms["few_groups"].evidence == {"splits": ["3 of well in validation"]}
    assert "3 of well in validation" in alarms["few_groups"].message


def row_of_few_groups(index):
    """The 27 held-out images of "well" for validation are of three groups."""
    return {"patient": "", "group": f"g{index // 12 % 3}"} if index % 12 == 8 else {}


def test_a_class_of_few_images_is_left_to_the_alarm_about_those(make_store):
    rows = [{"label": "rare"} if index % 12 == 8 and index < 48 else {} for index in range(COUNT)]
    alarms = alarms_by_code(make_store(rows))
    assert "thin_classes" in alarms
    assert "few_groups" not in alarms


def test_one_class_beside_unlabelled_images_has_no_groups_of_its_own_to_tell(make_store):
    rows = [{**row_of_few_groups(index), "label": "" if index % 2 else "well"} for index in range(COUNT)]
    assert "few_groups" not in alarms_by_code(make_store(rows))


def test_mixed_modalities_ring(make_store):
    rows = [{"modality": "MR" if index < 4 else "CT"} for index in range(COUNT)]
    assert alarms_by_code(make_store(rows))["mixed_modalities"].evidence == {"CT": COUNT - 4, "MR": 4}


def test_a_label_that_can_be_told_from_the_picture_size_rings(make_store):
    rows = [{"width_px": 300 if index % 2 else 200, "height_px": 200 + index % 7} for index in range(COUNT)]
    assert "metadata_shortcut" in alarms_by_code(make_store(rows))


def test_pictures_of_one_file_that_were_not_taken_count_once(make_store):
    quarantine = [("file-1", "constant"), ("file-1", "constant"), ("file-2", "empty")]
    alarm = next(alarm for alarm in find_alarms(make_store([{}], quarantine=quarantine)) if alarm.code == "quarantined")
    assert alarm.evidence == {"files": 2}
    assert alarm.message.startswith("2 files were not taken, or not all of their pictures (2 x constant; 1 x empty)")


@pytest.mark.parametrize(
    ("low", "high", "alike"), [("-1024", "1800", 4), ("0", "1800", 0), ("-1000", "-200", 0), ("", "", 0)]
)
def test_signals_that_look_like_hounsfield_units_are_told(make_store, low, high, alike):
    rows = [{"raw_low": low, "raw_high": high} for _ in range(4)] + [{"raw_low": "0", "raw_high": "900"}]
    found = [alarm.evidence for alarm in find_alarms(make_store(rows)) if alarm.code == "unstated_units"]
    assert found == [{"images": alike}] * bool(alike)


def test_store_without_a_quarantine_file_has_none(make_store):
    store = make_store(clean_rows())
    (store.path / "quarantine.csv").unlink()
    assert compute_statistics(store).quarantined == {}
    assert find_alarms(store) == []


def test_manifest_of_the_fixture_is_a_manifest(make_store):
    """Guards the tests above: the made-up store reads like one from `prepare`."""
    with (make_store(clean_rows(12)).path / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["split"] for row in rows} == {"train", "validation", "test"}


def test_checks_run_in_the_order_in_which_alarms_were_always_listed():
    order = """unstated_units synthetic_images split_crossing patient_id_conflict label_conflicts exact_copies
        near_duplicates source_split_overlap patients_unknown uneven_patients patients_in_several_classes missing_slices
        thickness_spacing single_class_split thin_classes few_groups few_images metadata_shortcut burnt_in_markers
        mixed_modalities coloured quarantined"""
    assert [code for check in CHECKS for code in check.codes if code in order.split()] == order.split()
