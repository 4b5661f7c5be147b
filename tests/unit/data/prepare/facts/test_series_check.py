"""Volumes of one entry: each is checked for itself, and one that is none costs no other."""

from pathlib import Path

import numpy as np

from ganoscope.data.geometry.placement import Placement, Rectangle
from ganoscope.data.picture import Picture
from ganoscope.data.prepare.facts.series_check import check_volumes
from ganoscope.data.prepare.transfer import Decoded
from ganoscope.data.source.entries import SourceImage

IMAGE = SourceImage((Path("a.dcm"),), "a.dcm")
WHOLE = Placement(Rectangle(0, 0, 8, 8), Rectangle(0, 0, 16, 16))


def decode(position, stack=0, **known):
    known = {"spacing_mm": (0.5, 0.5), "modality": "CT", "view": "axial", "order": "position", **known}
    picture = Picture(np.zeros((16, 16), np.int16), "HU", position_mm=position, stack=stack, **known)
    return Decoded(0, "a.dcm", IMAGE, picture, (8, 8), placement=WHOLE)


def test_every_volume_has_facts_of_its_own():
    items = [decode(z, told_by="EchoTime") for z in (0, 2, 4)] + [decode(z, 1, told_by="EchoTime") for z in (0, 3)]
    kept, facts = check_volumes(items, IMAGE, "all")
    assert kept == items
    assert [(n, f.slices, f.spacing_between_mm, f.told_by) for n, f in facts.items()] == [
        (0, 3, 2.0, "EchoTime"),
        (1, 2, 3.0, "EchoTime"),
    ]


def test_a_volume_that_is_none_is_rejected_alone():
    items = [decode(z) for z in (0, 2)] + [decode(z, 1) for z in (0, 0, 1)]
    kept, facts = check_volumes(items, IMAGE, "all")
    assert [bool(item.reason) for item in kept] == [False, False, True, True, True]
    assert "lie where another one does" in kept[2].reason
    assert list(facts) == [0]


def test_slices_without_position_are_a_volume_of_unknown_order_but_radiographs_are_none():
    _, facts = check_volumes([decode(None, order=""), decode(None, order="")], IMAGE, "all")
    assert (facts[0].order, facts[0].spacing_between_mm) == ("", None)
    films = [decode(None, modality="DX", view="PA"), decode(None, modality="DX", view="PA")]
    assert check_volumes(films, IMAGE, "all")[1] == {}
