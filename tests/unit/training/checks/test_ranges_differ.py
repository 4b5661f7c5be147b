import numpy as np

from ganoscope.training.checks.ranges_differ import CHECK
from ganoscope.training.observations import Observations

RNG = np.random.default_rng(0)


def make_images(low=-1.0, high=1.0, count=20):
    return RNG.uniform(low, high, (count, 8, 8)).astype(np.float32)


def find_codes(real, fake, progress):
    return [alarm.code for alarm in CHECK.find(Observations(real=real, fake=fake, progress=progress))]


def test_a_narrow_range_rings_and_an_equal_one_does_not():
    assert find_codes(make_images(), make_images(), 0.5) == []
    assert find_codes(make_images(), make_images(low=-0.2, high=0.2), 0.5) == ["ranges_differ"]


def test_a_generator_may_be_poor_at_the_beginning_but_real_images_never_out_of_range():
    assert find_codes(make_images(), make_images(low=0, high=0.01), 0.05) == []
    assert find_codes(make_images(low=0, high=255), make_images(), 0.05) == ["ranges_differ"]


def test_the_alarm_names_the_percentiles_of_both():
    (alarm,) = CHECK.find(Observations(real=make_images(), fake=make_images(low=0, high=0.1), progress=1.0))
    assert set(alarm.evidence) == {"real_p1", "real_p99", "fake_p1", "fake_p99"}
    assert 0 <= alarm.evidence["fake_p1"] < alarm.evidence["fake_p99"] <= 0.1
