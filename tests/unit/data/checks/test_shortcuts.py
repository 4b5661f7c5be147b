"""Shortcuts without pixels: what was planted is caught, at its true AUC; what tells nothing stays silent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.data.checks import shortcuts
from ganoscope.data.checks.shortcuts import TOGETHER, Shortcut, find_shortcuts, shortcut_alarms

SPREAD = {"view": "AP", "modality": "CR", "folder": "1", "coloured": "no", "spacing_mm": "", "thickness_mm": ""}


def make_columns(images=240, per_group=3, classes=2, seed=0, **properties):
    """A manifest whose properties say nothing about the class, but for those given: functions of (class, generator)."""
    rng = np.random.default_rng(seed)
    groups = np.arange(images) // per_group
    labels = rng.permutation(np.arange(groups.max() + 1) % classes)[groups]
    columns = {name: np.full(images, value) for name, value in SPREAD.items()}
    columns |= {"height_px": rng.integers(500, 900, images), "width_px": rng.integers(500, 900, images)}
    columns |= {"markers": np.where(rng.random(images) < 0.5, "1 2 3 4", ""), "searched": np.full(images, "yes")}
    columns |= {"raw_low": rng.integers(0, 9, images), "raw_high": rng.integers(900, 4000, images)}
    columns |= {name: np.array([draw(label, rng) for label in labels]) for name, draw in properties.items()}
    columns |= {"label": np.char.add("class ", labels.astype(str)), "group": groups}
    return {name: values.astype(np.str_) for name, values in columns.items()}


def find(name, columns, seed=0):
    return next((found for found in find_shortcuts(columns, seed) if found.name == name), None)


def alarmed(columns, seed=0):
    return [alarm.evidence["property"] for alarm in shortcut_alarms(find_shortcuts(columns, seed))]


PLANTED = {
    "colour": {"coloured": lambda label, rng: ("no", "yes")[rng.random() < (0.9 if label else 0.1)]},
    "source folder": {"folder": lambda label, rng: rng.choice([1, 3] if rng.random() < 0.9 * label else [2, 4])},
    "pixel spacing": {
        "spacing_mm": lambda label, rng: f"{(side := 0.5 + 0.2 * label + 0.1 * rng.random()):.3g} x {side:.3g}"
    },
    "slice thickness": {"thickness_mm": lambda label, rng: ("1.25", "5")[int(rng.random() < 0.1 + 0.8 * label)]},
    "view": {"view": lambda label, rng: ("AP", "PA")[int(rng.random() < 0.1 + 0.8 * label)]},
    "modality": {"modality": lambda label, rng: ("CR", "DX")[int(rng.random() < 0.1 + 0.8 * label)]},
    "burnt-in markers": {"markers": lambda label, rng: "1 2 3 4; 5 6 7 8" if rng.random() < 0.1 + 0.8 * label else ""},
    "intensity scale": {"raw_high": lambda label, rng: 1000 + 2000 * label + rng.integers(1000)},
    "image size": {"height_px": lambda label, rng: 500 + 300 * label + rng.integers(99)},
}


@pytest.mark.parametrize("name", PLANTED)
def test_each_planted_property_is_caught_and_named(name):
    assert name in alarmed(make_columns(**PLANTED[name]))


def test_a_property_known_in_one_class_only_is_caught():
    columns = make_columns(thickness_mm=lambda label, rng: "5" if label else "")
    assert find("slice thickness", columns).auc == 1
    assert [alarm.severity for alarm in shortcut_alarms(find_shortcuts(columns))] == ["danger"]


def test_a_relation_that_turns_back_is_caught():
    columns = make_columns(thickness_mm=lambda label, rng: 3 if label else rng.choice([1, 5]))
    assert find("slice thickness", columns).auc > 0.95


def test_aspect_ratio_is_caught_where_height_and_width_alone_say_little():
    columns = make_columns(600)
    ratio = np.where(columns["label"] == "class 1", 1.5, 1.2)
    columns["width_px"] = np.rint(columns["height_px"].astype(int) * ratio).astype(int).astype(str)
    assert find("aspect ratio", columns).auc > 0.99
    assert "median class 0: 1.2, class 1: 1.5" in find("aspect ratio", columns).note


def test_what_only_all_properties_together_tell_is_alarmed_as_such():
    def lean(first, second):
        return lambda label, rng: (first, second)[int(rng.random() < (0.62 if label else 0.38))]

    weak = {"view": ("AP", "PA"), "modality": ("CR", "DX"), "thickness_mm": ("1", "5"), "coloured": ("no", "yes")}
    columns = make_columns(3000, **{name: lean(*values) for name, values in weak.items()})
    assert find("view", columns).auc < 0.65
    assert alarmed(columns) == [TOGETHER]


def test_folders_of_one_patient_each_tell_nothing_though_their_numbers_follow_the_classes():
    columns = make_columns()
    order = np.argsort(columns["label"], kind="stable")
    columns = {name: values[order] for name, values in columns.items()}
    columns["folder"] = columns["group"]
    assert find("source folder", columns).auc < 0.6


def test_the_auc_is_that_of_the_planted_rates():
    columns = make_columns(6000, view=lambda label, rng: ("AP", "PA")[int(rng.random() < (0.8 if label else 0.3))])
    found = find("view", columns)
    assert found.auc == pytest.approx(0.75, abs=0.02)  # half of 1 + 0.8 - 0.3
    assert found.low < 0.75 < found.high < found.low + 0.06
    assert found.images == 6000


def test_the_interval_widens_where_images_of_a_patient_resemble_each_other():
    columns = make_columns(600, per_group=1, **PLANTED["view"])
    repeated = {name: np.repeat(values, 5) for name, values in columns.items()}
    single = find("view", columns)
    grouped = find("view", repeated)
    apart = find("view", {**repeated, "group": np.arange(3000).astype(str)})
    assert apart.high - apart.low < 0.6 * (single.high - single.low)
    assert grouped.high - grouped.low > 0.8 * (single.high - single.low)


def test_four_classes_are_scored_as_the_mean_against_the_rest():
    columns = make_columns(800, classes=4, view=lambda label, rng: ("AP", "PA")[int(label == 3)])
    assert find("view", columns).auc == pytest.approx((1 + 3 * 2 / 3) / 4, abs=0.03)


def test_constant_and_unknown_properties_are_left_out():
    found = find_shortcuts(make_columns())
    assert {shortcut.name for shortcut in found} == {
        "image size", "aspect ratio", "burnt-in markers", "intensity scale", TOGETHER,
    }  # fmt: skip
    assert find_shortcuts({**make_columns(), **{name: np.full(240, "7") for name in
        ("height_px", "width_px", "markers", "raw_low", "raw_high")}}) == []  # fmt: skip


def test_pictures_too_small_to_be_searched_raise_no_alarm_about_markers():
    columns = make_columns()
    large = columns["label"] == "class 1"
    columns["searched"] = np.where(large, "yes", "no")
    assert find("burnt-in markers", columns) is None
    assert alarmed(columns) == []
    large |= columns["group"].astype(int) < 40
    columns["searched"] = np.where(large, "yes", "no")
    assert (found := find("burnt-in markers", columns)).low < 0.5
    assert found.images == large.sum() < 240
    assert alarmed(columns) == []


def test_markers_are_judged_on_searched_images_alone_and_their_number_is_told():
    columns = make_columns(3000, per_group=1)
    searched = np.random.default_rng(1).random(3000) < 0.1
    columns["searched"] = np.where(searched, "yes", "no")
    columns["markers"] = np.where(searched & (columns["label"] == "class 1"), "1 2 3 4", "")
    found = find("burnt-in markers", columns)
    assert (found.auc, found.images) == (1, searched.sum())
    assert found.note == f"median class 0: 0, class 1: 1; {3000 - found.images:,} other images took no part"
    assert alarmed(columns) == ["burnt-in markers"]


def test_markers_take_no_part_in_all_properties_together():
    columns = make_columns(**PLANTED["burnt-in markers"])
    assert "burnt-in markers" not in find(TOGETHER, columns).note
    assert find(TOGETHER, columns).low < 0.5


def test_the_intervals_of_markers_and_of_the_other_properties_hold_together(monkeypatch):
    levels, make_trial = [], shortcuts.make_trial
    monkeypatch.setattr(shortcuts, "make_trial", lambda *args: levels.append((t := make_trial(*args)).level) or t)
    found = find_shortcuts(make_columns())
    assert levels == [pytest.approx(1 - 0.05 / len(found))] * 2


def test_one_class_and_too_few_patients_give_nothing():
    columns = make_columns()
    assert find_shortcuts({**columns, "label": np.full(240, "same")}) == []
    assert find_shortcuts({**columns, "label": np.full(240, "")}) == []
    rare = np.where(columns["group"].astype(int) < 3, "rare", "common")
    assert find_shortcuts({**columns, "label": rare}) == []
    assert find_shortcuts({name: values[:0] for name, values in columns.items()}) == []


def test_rare_and_unlabelled_images_take_no_part_and_the_note_says_so():
    columns = make_columns(**PLANTED["view"])
    columns["label"][:9] = "rare"
    columns["label"][30:33] = ""
    found = find("view", columns)
    assert (found.images, "12 other images took no part" in found.note) == (228, True)


def test_large_stores_are_sampled_by_whole_groups(monkeypatch):
    monkeypatch.setattr(shortcuts, "MOST_IMAGES", 300)
    columns = make_columns(1200, per_group=4, **PLANTED["view"])
    rows = shortcuts.choose_rows(columns["label"], columns["group"], 0)
    assert len(rows) == 300 == find("view", columns).images
    assert set(np.unique(columns["group"][rows], return_counts=True)[1]) == {4}


@given(st.integers(0, 999), st.integers(20, 90), st.integers(2, 4))
@settings(deadline=None, max_examples=30)
def test_folds_never_cut_a_group_and_spread_the_classes(seed, count, classes):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(count), rng.integers(1, 6, count))
    labels = (np.arange(count) % classes)[groups]
    folds = shortcuts.make_folds(labels, groups, seed)
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(groups)))
    held_out = [[len(set(groups[test][labels[test] == k])) for k in range(classes)] for _, test in folds]
    assert np.ptp(held_out, axis=0).max() <= 1
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
        assert len(train) + len(test) == len(groups)


def test_results_repeat_with_the_seed():
    columns = make_columns(classes=3, **PLANTED["view"])
    assert find_shortcuts(columns, 4) == find_shortcuts(columns, 4)
    assert find_shortcuts(columns, 4) != find_shortcuts(columns, 5)


def test_the_alarm_says_what_how_sure_and_what_to_do():
    shortcut = Shortcut("aspect ratio", 0.87, 0.85, 0.9, 1250, "median A: 1.2, B: 1.5")
    (alarm,) = shortcut_alarms([shortcut, Shortcut("view", 0.7, 0.6, 0.8, 1250, "")])
    assert (alarm.code, alarm.severity) == ("metadata_shortcut", "warning")
    for part in ("aspect ratio", "AUC 0.87", "0.85 to 0.90", "1,250 images", "median A: 1.2, B: 1.5", "--fit crop"):
        assert part in alarm.message
    assert alarm.evidence == {"property": "aspect ratio", "auc": 0.87, "low": 0.85, "high": 0.9, "images": 1250}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0.5 x 0.75", [0.5, 0.75]),
        ("5", [5, np.nan]),
        ("", [np.nan] * 2),
        ("1e-05 x 2E+1", [1e-5, 20]),
        ("-3.", [-3, np.nan]),
    ],
)
def test_numbers_are_read_from_the_manifests_texts(text, numbers):
    np.testing.assert_array_equal(shortcuts.find_numbers(text), numbers)


def count_false_alarms(images, classes, manifests):
    def measure(seed):
        mixed = {name: draw for properties in PLANTED.values() for name, draw in properties.items()}
        columns = make_columns(images, classes=classes, seed=seed, **mixed)
        sizes = np.unique(columns["group"]).astype(int)
        order = np.random.default_rng(seed).permutation(sizes)  # each patient gets another one's class
        labels = columns["label"][:: images // len(sizes)][order]
        return bool(alarmed({**columns, "label": np.repeat(labels, images // len(sizes))}, seed))

    return sum(measure(seed) for seed in range(manifests))


def test_permuted_classes_hardly_ever_raise_an_alarm():
    assert count_false_alarms(90, 2, 12) <= 1


@pytest.mark.slow
@pytest.mark.parametrize(("images", "classes"), [(60, 2), (150, 4)])
def test_the_family_of_all_properties_raises_few_false_alarms(images, classes):
    assert count_false_alarms(images, classes, 200) <= 10
