"""Masks outline findings where those of the healthy are empty and the others are not; nothing else shows it."""

import numpy as np
import pytest

from ganoscope.data.layouts import find_layout
from ganoscope.data.picture import ReadOptions

EMPTY = np.zeros((8, 8), np.uint8)
DRAWN = EMPTY.copy()
DRAWN[2:5, 2:5] = 255


@pytest.fixture
def read(make_source):
    """Number of masks of findings and of anatomy in a tree like BUSI, with the lines that are printed."""

    def read(masks, suffix="_mask"):
        tree = {}
        for label, drawn in masks.items():
            for number, mask in enumerate(drawn):
                tree[f"{label}/{label} ({number}).png"] = DRAWN + number
                tree[f"{label}/{label} ({number}){suffix}.png"] = mask
        source = make_source(tree)
        listed = find_layout(source)[1].list_images(source, ReadOptions())
        items = list(listed)
        return sum(len(item.mask) for item in items), sum(len(item.anatomy) for item in items), listed.lines

    return read


def test_masks_that_only_the_sick_have_are_findings(read):
    findings, anatomy, lines = read({"benign": [DRAWN] * 3, "malignant": [DRAWN] * 2, "normal": [EMPTY] * 2})
    assert (findings, anatomy) == (7, 0)
    reason = "since those of normal are empty, and those of benign and malignant are not"
    assert f"masks of findings, {reason}: 7" in lines
    assert not any("anatomy" in line for line in lines)


@pytest.mark.parametrize(
    "masks",
    [
        {"benign": [DRAWN] * 3, "normal": [DRAWN, EMPTY]},
        {"benign": [DRAWN, EMPTY, EMPTY], "normal": [EMPTY] * 3},
        {"benign": [EMPTY] * 3, "malignant": [DRAWN] * 3},
        {"benign": [DRAWN] * 3, "normal": [EMPTY]},
        {"benign": [DRAWN] * 3, "normal": [EMPTY, b"no picture"]},
        {"normal": [DRAWN] * 3, "benign": [EMPTY] * 3},
    ],
)
def test_other_masks_are_not_claimed_as_findings(read, masks):
    findings, anatomy, lines = read(masks)
    assert (findings, anatomy) == (0, sum(map(len, masks.values())))
    assert any("if they outline findings, add --masks" in line for line in lines)


def test_names_that_say_what_is_outlined_go_before(read):
    assert read({"benign": [DRAWN] * 3, "normal": [EMPTY] * 3}, "_lung_mask")[:2] == (0, 6)
