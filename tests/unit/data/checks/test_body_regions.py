"""Regions of the body: by BodyPartExamined, else by content; two in one store raise a hint."""

from types import SimpleNamespace

import numpy as np

from ganoscope.data.checks.body_regions import find_mixed_regions, tell_region
from ganoscope.data.checks.store_tables import SourceFacts
from ganoscope.data.picture import Picture


def draw(height_cm, width_cm, inside):
    """Returns a slice of an oval body at 2 mm per pixel, filled by a function of the distance from its edge."""
    y, x = (np.mgrid[:256, :256] - 128) * 0.2
    distance = (2 * y / height_cm) ** 2 + (2 * x / width_cm) ** 2
    hu = np.where(distance < 1, inside(distance), -1000)
    return Picture(hu.astype(np.int16), "HU", spacing_mm=(2.0, 2.0), modality="CT")


HEAD = draw(19, 15, lambda d: np.where(d > 0.8, 900, 35))
CHEST = draw(22, 32, lambda d: np.where(d > 0.7, 40, -850))
ABDOMEN = draw(24, 34, lambda d: np.full_like(d, 50))
ARM = draw(8, 8, lambda d: np.where(d < 0.1, 900, 50))


def test_content_tells_head_and_trunk_and_nothing_else():
    assert [tell_region(picture) for picture in (HEAD, CHEST, ABDOMEN, ARM)] == ["head and neck", "trunk", "trunk", ""]
    assert tell_region(Picture(np.full((32, 32), -1000, np.int16), "HU", spacing_mm=(1.0, 1.0))) == ""


def test_what_the_file_states_counts_more_and_without_spacing_nothing_is_guessed():
    assert tell_region(Picture(HEAD.pixels, "HU", spacing_mm=(2.0, 2.0), body_part="CHEST")) == "trunk"
    assert tell_region(Picture(HEAD.pixels, "HU")) == ""


def test_two_regions_ring_and_a_stray_slice_does_not():
    store = SimpleNamespace(count=100)
    tables = SimpleNamespace(store=store, source=SourceFacts(regions={"head and neck": 20, "trunk": 80}))
    (alarm,) = find_mixed_regions(tables)
    assert alarm.evidence == {"head and neck": 20, "trunk": 80}
    tables.source = SourceFacts(regions={"head and neck": 1, "trunk": 99})
    assert list(find_mixed_regions(tables)) == []
