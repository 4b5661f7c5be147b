"""Facts about values: gathered row by row."""

from ganoscope.data.prepare.facts.value_facts import ValueFacts

ROW = {"padded_px": "0", "clipped_px": "0", "height_px": "10", "width_px": "20", "region": "", "like_hu": ""}


def test_counts_shares_and_regions_are_summed():
    facts = ValueFacts()
    for changes in (
        {"padded_px": "50", "region": "trunk"},
        {"padded_px": "10", "clipped_px": "3", "region": "trunk"},
        {"like_hu": "1024"},
        {"like_hu": "1024", "region": "head and neck"},
    ):
        facts.add(ROW | changes)
    assert facts.summarise() == {
        "padded_images": 2,
        "padded_px": 60,
        "padded_share": 0.25,
        "clipped_images": 1,
        "clipped_px": 3,
        "regions": {"trunk": 2, "head and neck": 1},
        "undeclared_hu": 2,
        "undeclared_offset": 1024,
    }


def test_nothing_gives_nothing():
    facts = ValueFacts()
    facts.add(ROW)
    assert not any(facts.summarise().values())
