import numpy as np
import pytest

from ganoscope.evaluate.soundness.impossible import find_signs, find_thresholds, judge, set_limits


def draw_bodies(count, seed=0, size=32):
    """Bright discs of different sizes in the middle of dark fields, with noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((size, size)) - size / 2
    radius = rng.uniform(8, 13, count)[:, None, None]
    images = np.where(np.hypot(rows, columns) < radius, 0.5, -0.9)
    return (images + rng.normal(0, 0.03, images.shape)).clip(-1, 1).astype(np.float32)


LIMITS = set_limits(find_signs(draw_bodies(100)))


def list_reasons(image):
    found = judge(find_signs(image[None].astype(np.float32)), LIMITS)
    return {name for name, one in found.items() if one[0]}


def test_bodies_of_other_patients_are_possible():
    found = judge(find_signs(draw_bodies(50, seed=1)), LIMITS)
    assert {name: int(one.sum()) for name, one in found.items()} == dict.fromkeys(found, 0)


def test_each_kind_is_found():
    body = draw_bodies(1, seed=2)[0]
    assert list_reasons(np.full((32, 32), -0.9)) == {"empty_field"}
    assert list_reasons(np.roll(body, 12, axis=0)[:, :]) >= {"cut_body"}
    twice = np.where(np.indices((32, 32))[0] < 16, np.roll(body, -10, 0), np.roll(body, 10, 0))
    apart = draw_bodies(1, seed=2)[0]
    apart[14:18] = -0.9
    assert list_reasons(apart) == {"several_bodies"}
    assert list_reasons(twice) & {"several_bodies", "cut_body"}
    for value in (np.nan, np.inf, 1.5):
        broken = body.copy()
        broken[3, 3] = value
        assert list_reasons(broken) == {"out_of_range"}


def test_the_threshold_is_otsus():
    image = np.random.default_rng(0).choice([-0.8, 0.4], size=(1, 20, 20), p=[0.7, 0.3])
    image = image + np.random.default_rng(1).normal(0, 0.05, image.shape)
    best, at = -1.0, None
    for cut in np.arange(1, 64) / 64 * 2 - 1:
        dark, bright = image[image < cut], image[image >= cut]
        if len(dark) and len(bright):
            between = len(dark) * len(bright) * (bright.mean() - dark.mean()) ** 2
            best, at = max((best, at), (between, cut), key=lambda pair: pair[0])
    found = find_thresholds(image)[0]
    assert ((image >= found) == (image >= at)).all()
    assert found == pytest.approx(at, abs=0.25)
