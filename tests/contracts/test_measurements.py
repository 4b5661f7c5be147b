"""What every file in the folders of `evaluate/` must do; a new file is tested without touching this one.

The evidence is complete: pictures with and without a disc, a classifier that tells them apart, a feature extractor, and
a map that reads the pictures as Hounsfield units. The best generator of all repeats the real images themselves.
"""

from dataclasses import fields, replace
from typing import get_args

import numpy as np
import pytest

from ganoscope.classifiers.trained import open_classifier
from ganoscope.contracts import Direction, Measured, Need
from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import UserError
from ganoscope.evaluate import available, load
from ganoscope.evaluate.comparison import Comparison, GeneratedImages
from ganoscope.evaluate.features import make_random_extractor

each = pytest.mark.parametrize("name", available())


@pytest.fixture(scope="module")
def evidence(disc_store, disc_classifier):
    """Generated images that are the real ones of the test split, with their labels."""
    store = Store.open(disc_store)
    test = store.indices("test")
    return Comparison(
        generated=GeneratedImages(store.load_images(test), store.column("label")[test]),
        training=RealImages(store, test),
        held_out=RealImages(store, test),
        extractor=make_random_extractor(),
        classifier=open_classifier(disc_classifier),
        hu=IntensityMap(-1024.0, 3071.0, "HU", "int16"),
    )


def hold_only(evidence, needs):
    missing = {field.name: None for field in fields(Comparison) if field.init and field.name not in {*needs, "seed"}}
    return replace(evidence, **missing)


def spoil(evidence):
    """The first picture with a disc again and again, brighter, under labels that are wrong half of the time."""
    generated = evidence.generated
    one = generated.images[np.flatnonzero(generated.labels == "sick")[0]]
    return replace(evidence, generated=replace(generated, images=(0 * generated.images + one + 0.5).clip(-1, 1)))


def get_distance(measured, floor):
    """Returns how far a value is from the best one."""
    gap = measured.value.value - floor
    return {"lower": gap, "higher": -gap, "like real": abs(gap)}[measured.better]


@each
def test_it_declares_what_it_is(name):
    module = load(name)
    assert module.NAME.isidentifier()
    assert module.NEEDS.issubset(get_args(Need))
    assert "generated" in module.NEEDS
    assert module.__doc__.strip()


def test_names_are_unique():
    assert len({load(name).NAME for name in available()}) == len(available()) >= 5


@each
def test_value_and_floor_come_with_ordered_intervals_and_numbers(name, evidence):
    measured = load(name).measure(evidence)
    assert isinstance(measured, Measured)
    assert measured.better in get_args(Direction)
    for estimate in filter(None, (measured.value, measured.floor)):
        assert estimate.low <= estimate.value <= estimate.high
        assert 0 < estimate.groups <= estimate.n
    assert measured.value.n >= len(evidence.generated.images)


@each
def test_identical_sets_are_as_good_as_real_images_and_better_than_spoiled_ones(name, evidence):
    same, spoiled = (load(name).measure(one) for one in (evidence, spoil(evidence)))
    floor = same.floor or same.value
    width = floor.high - floor.low + same.value.high - same.value.low
    assert get_distance(same, floor.value) <= width
    assert get_distance(spoiled, floor.value) > get_distance(same, floor.value) + width / 10


@each
def test_what_it_says_it_needs_is_enough(name, evidence):
    module = load(name)
    part = hold_only(evidence, module.NEEDS)
    assert part.has(module.NEEDS)
    assert np.isfinite(module.measure(part).value.value)


@each
def test_each_thing_that_it_says_it_needs_is_asked_for(name, evidence):
    module = load(name)
    for need in module.NEEDS:
        part = hold_only(evidence, module.NEEDS - {need})
        assert not part.has(module.NEEDS)
        with pytest.raises(UserError, match=need.replace("_", "-")):
            module.measure(part)


@each
def test_same_seed_same_numbers_and_another_seed_the_same_value(name, evidence):
    module = load(name)
    first, again, other = (module.measure(replace(evidence, seed=seed)) for seed in (3, 3, 4))
    assert first == again
    assert other.value.value == pytest.approx(first.value.value, rel=0.2, abs=1e-6)


def test_a_measurement_of_ones_own_is_found_by_its_dotted_name_and_an_unknown_one_is_refused():
    assert load("ganoscope.evaluate.fidelity.diversity") is load("diversity")
    with pytest.raises(UserError, match=r"no such measurement.*allowed: .*hu_fidelity"):
        load("inception_score")
    with pytest.raises(UserError, match="lacks NAME and NEEDS"):
        load("ganoscope.evaluate.features")
