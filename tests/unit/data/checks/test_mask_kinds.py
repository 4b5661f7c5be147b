"""Masks of findings that look like anatomy, and masks of anatomy that differ between classes, raise an alarm."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from ganoscope.data.checks.mask_kinds import find_anatomy_as_findings, find_anatomy_by_class
from ganoscope.data.checks.store_tables import read_store_tables

COUNT = 40


def draw_masks(height, only_sick=False):
    masks = np.zeros((COUNT, 16, 16), bool)
    masks[:, :height, 4:12] = True
    if only_sick:
        masks[::2] = False  # rows alternate between well and sick
    return masks


@pytest.mark.parametrize(
    ("masks", "alarms"),
    [
        (draw_masks(8), ["anatomy_as_findings"]),
        (draw_masks(1), []),
        (draw_masks(8, only_sick=True), []),
        (None, []),
    ],
)
def test_large_masks_in_every_class_are_doubted(make_store, masks, alarms):
    tables = read_store_tables(make_store([{} for _ in range(COUNT)], masks=masks))
    assert [alarm.code for alarm in find_anatomy_as_findings(tables)] == alarms


def test_one_class_alone_may_be_that_of_the_sick(make_store):
    tables = read_store_tables(make_store([{"label": "sick"} for _ in range(COUNT)], masks=draw_masks(8)))
    assert list(find_anatomy_as_findings(tables)) == []


SIZES = [
    (8, 8, ""),
    (8, 5, ""),
    (0, 0, ""),
    (8, 0, "nearly all images of sick, and in none of well.*--masks"),
    (12, 2, "cover 37.5% of the picture in sick, and 6.2% in well"),
]


@pytest.mark.parametrize(("sick", "well", "told"), SIZES)
def test_anatomy_that_one_class_has_alone_or_far_larger_is_doubted(make_store, sick, well, told):
    masks = draw_masks(0)
    masks[1::2, :sick, 4:12] = masks[::2, :well, 4:12] = True
    tables = read_store_tables(make_store([{} for _ in range(COUNT)]))
    store = SimpleNamespace(masks=None, anatomy=masks)
    alarms = list(find_anatomy_by_class(replace(tables, store=store)))
    assert [alarm.code for alarm in alarms] == ["anatomy_by_class"] * bool(told)
    assert all(re.search(told, alarm.message) for alarm in alarms)
    assert not list(find_anatomy_by_class(replace(tables, store=SimpleNamespace(anatomy=None))))
