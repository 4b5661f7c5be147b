"""Kinds of pixels: the most frequent is taken whatever the order, and a mixture is refused with its remedies."""

from collections import Counter

import pytest

from ganoscope.data.prepare.facts.kinds import Kind, choose_unit, count_left_out, refuse_mixture
from ganoscope.errors import UserError


def refusal(*kinds):
    with pytest.raises(UserError) as caught:
        refuse_mixture(Counter(dict(kinds)))
    return str(caught.value)


CT, PT = (Kind("HU", "CT", ""), 20), (Kind("signal", "PT", ""), 20)


def test_pet_and_ct_are_refused_alike_in_any_order_with_the_remedy():
    assert refusal(CT, PT) == refusal(PT, CT)
    assert "20 x HU (CT 20); 20 x signal (PT 20)" in refusal(CT, PT)
    assert "--only-modality CT or --only-modality PT" in refusal(CT, PT)
    assert "--scale image" not in refusal(CT, PT)


def test_mixed_depths_name_the_scale_and_the_classes():
    text = refusal((Kind("grey 8 bit", "", "normal"), 8), (Kind("grey 16 bit", "", "ill"), 4))
    assert "8 x grey 8 bit (normal 8); 4 x grey 16 bit (ill 4)" in text
    assert "--scale image" in text
    assert "--only-modality" not in text
    assert "--only-modality" not in refusal((Kind("grey 8 bit", "CR", ""), 8), (Kind("signal", "CR", ""), 4))


def test_few_others_are_left_out_and_counted_by_class():
    kinds = Counter({Kind("grey 8 bit", "", "a"): 50, Kind("grey 16 bit", "", "b"): 3, Kind("grey 8 bit", "", "b"): 2})
    refuse_mixture(kinds)
    assert choose_unit(kinds) == "grey 8 bit"
    assert count_left_out(kinds, "grey 8 bit") == {"a": (50, 0), "b": (2, 3)}
    assert count_left_out(Counter({CT[0]: 5}), "HU") == {}


def test_equals_are_taken_by_name_and_nothing_is_no_unit():
    assert choose_unit(Counter(dict((PT, CT)))) == choose_unit(Counter(dict((CT, PT)))) == "HU"
    assert choose_unit(Counter()) == ""
