"""Masks of findings in all images of all classes, as large as lungs, raise an alarm; lesions do not."""

import numpy as np
import pytest

from ganoscope.data.checks.mask_kinds import find_anatomy_as_findings
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
