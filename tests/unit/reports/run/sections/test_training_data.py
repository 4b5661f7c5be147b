"""Counts of images and groups, and how patients were grouped."""

from types import SimpleNamespace

import numpy as np

from ganoscope.reports.run.sections.training_data import count_groups, count_images, describe_patients


def make_store(**columns):
    arrays = {name: np.array(values) for name, values in columns.items()}
    return SimpleNamespace(column=arrays.__getitem__, count=len(arrays["split"]))


def test_images_are_counted_per_label_and_split():
    table = count_images(["train", "train", "test"], ["b", "", "b"])
    assert table.rows == (("(no label)", "1", "0", "0", "1"), ("b", "1", "0", "1", "2"), ("All", "2", "0", "1", "3"))
    assert len(count_images(["train"], ["a"]).rows) == 1


def test_groups_and_patients_are_counted_once():
    store = make_store(split=["train", "train", "test"], group=["g", "g", "h"], patient=["p", "p", ""])
    assert count_groups(store).rows == (("Groups", "1", "0", "1"), ("Known patients", "1", "0", "0"))


def test_unknown_patients_and_groups_in_two_splits_are_named():
    apart = make_store(split=["train", "test"], group=["g", "h"], patient=["p", "q"])
    assert describe_patients(apart).endswith("by patient: no group lies in more than one split.")
    crossing = make_store(split=["train", "test"], group=["g", "g"], patient=["", "q"])
    text = describe_patients(crossing)
    assert text.startswith("The patient is unknown for 1 of 2 images.")
    assert "1 group lies in more than one split" in text
