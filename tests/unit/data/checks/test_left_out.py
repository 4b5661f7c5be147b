"""What was left out: values beyond HU are counted, and an uneven loss over the classes rings."""

from types import SimpleNamespace

from ganoscope.data.checks.left_out import find_uneven_loss, find_values_beyond
from ganoscope.data.checks.store_tables import SourceFacts


def ring(find, **facts):
    return {alarm.code: alarm for alarm in find(SimpleNamespace(source=SourceFacts(**facts)))}


def test_padding_and_metal_are_counted_and_much_of_it_is_doubted():
    facts = {"padded_images": 2, "padded_px": 60, "padded_share": 0.2, "clipped_images": 1, "clipped_px": 9}
    found = ring(find_values_beyond, **facts)
    assert found["below_hu_range"].evidence == {"images": 2, "pixels": 60}
    assert found["above_hu_range"].evidence == {"images": 1, "pixels": 9}
    assert {alarm.severity for alarm in found.values()} == {"note"}
    found = ring(find_values_beyond, **facts | {"padded_share": 0.8})
    assert found["below_hu_range"].severity == "warning"
    assert "wrong --hu-offset" in found["below_hu_range"].message
    assert ring(find_values_beyond) == {}


def test_a_loss_rings_only_where_it_is_uneven():
    found = ring(find_uneven_loss, left_out={"ill": (40, 8), "normal": (60, 0)})
    assert "8 of 48 of ill, 0 of 60 of normal" in found["uneven_loss"].message
    for even in ({"ill": (50, 4), "normal": (50, 5)}, {"ill": (40, 9)}, {"": (40, 9)}, {}):
        assert ring(find_uneven_loss, left_out=even) == {}
