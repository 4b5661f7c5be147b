"""Soundness: each alarm rings for its own fault, with the right numbers, and for nothing else."""

import csv

import numpy as np
import pytest

from ganoscope.data import soundness
from ganoscope.data.soundness import FEW_IMAGES, compute_statistics, find_alarms

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
            {"identical": 0, "moved": 3},
        ),
        (
            [(0, {"patient": "", "group": "g"}), (1, {"patient": "", "group": "g"}), (2, {"patient": ""})],
            "patients_unknown",
            "warning",
            {"images": 3, "clustered": 2, "largest_cluster": 2},
        ),
        ([(7, {"coloured": 1}), (20, {"coloured": 1})], "coloured", "warning", {"images": 2}),
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
    assert alarms["source_split_overlap"].evidence == {"identical": 1, "moved": 1}


def test_copy_outside_the_source_splits_is_no_overlap(make_store):
    copy = {"source_sha256": "c", "split": "train", "group": "g"}
    store = make_store(with_changes((0, {**copy, "source_split": "train"}), (1, {**copy, "source_split": ""})))
    assert set(alarms_by_code(store)) == {"exact_copies"}


@pytest.mark.parametrize("part", ["validation", "test"])
def test_held_out_part_of_one_class_is_a_danger(make_store, part):
    (alarm,) = find_alarms(make_store([row_of_class(index, part) for index in range(COUNT)]))
    assert (alarm.code, alarm.severity, alarm.evidence) == ("single_class_part", "danger", {"part": part})


def row_of_class(index, part):
    split = ("train", "train", "train", "train", "validation", "test")[index // 2 % 6]
    return {"label": "well"} if split == part else {}


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


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_statistics_equal_numpy_on_the_whole_array(make_store, monkeypatch, dtype):
    monkeypatch.setattr(soundness, "BLOCK", 7)
    low, high = {"uint8": (0, 256), "uint16": (50_000, 65_536), "int16": (-1024, 3072)}[dtype]
    pixels = np.random.default_rng(0).integers(low, high, (45, 16, 16)).astype(dtype)
    statistics = compute_statistics(make_store(clean_rows(45), pixels, dtype))
    assert statistics.mean == pytest.approx(pixels.mean(dtype=np.float64), rel=1e-12)
    assert statistics.deviation == pytest.approx(pixels.std(dtype=np.float64), rel=1e-9)
    assert statistics.percentiles == tuple(np.percentile(pixels, (1, 50, 99)))


def test_percentiles_come_from_an_even_subset_of_a_large_store(make_store):
    pixels = np.random.default_rng(0).integers(0, 60_000, (2100, 2, 2)).astype(np.uint16)
    statistics = compute_statistics(make_store(clean_rows(2100), pixels, "uint16"))
    assert statistics.percentiles == tuple(np.percentile(pixels[::2], (1, 50, 99)))
    assert statistics.mean == pytest.approx(pixels.mean())


def test_statistics_count_the_manifest(make_store):
    rows = [
        {"split": "train", "label": "a", "group": "g1", "patient": "p1", "height_px": 20, "width_px": 30},
        {"split": "train", "label": "a", "group": "g1", "patient": "p1", "height_px": 20, "width_px": 30},
        {"split": "train", "label": "b", "group": "g2", "patient": "p2", "height_px": 30, "width_px": 20},
        {"split": "test", "label": "a", "group": "g3", "patient": ""},
        {"split": "validation", "label": "a", "group": "g4", "patient": "p4"},
    ]
    statistics = compute_statistics(make_store(rows, quarantine=[("x.png", "empty"), ("y.png", "empty")]))
    assert statistics.counts == {("test", "a"): 1, ("train", "a"): 2, ("train", "b"): 1, ("validation", "a"): 1}
    assert statistics.groups == {"train": 2, "validation": 1, "test": 1}
    assert statistics.patients == {"train": 2, "validation": 1, "test": 0}
    assert dict(statistics.shapes) == {(20, 30): 2, (30, 20): 1, (16, 16): 2}
    assert statistics.quarantined == {"empty": 2}


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
