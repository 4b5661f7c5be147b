"""Within-set diversity: known orderings, pairs, alarms, files."""

from dataclasses import replace

import numpy as np
import pytest

from ganoscope.errors import UserError
from ganoscope.evaluate.fidelity.diversity import (
    Diversity,
    SetDiversity,
    choose_pairs,
    compare_pairs,
    find_alarms,
    load,
    save,
)

ONE = SetDiversity(images=20, groups=20, pairs=50, mean=0.2, low=0.15, high=0.25)
RESULT = Diversity(ONE, ONE, ONE, 640, "abc", "def", 20, 0, 2)


def smooth_images(count, kinds, seed=0):
    """Images of `kinds` different smooth shapes, each with a little noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:32, :32] / 32
    centres = rng.uniform(0.2, 0.8, size=(kinds, 2))
    shapes = [2 * np.exp(-((x - a) ** 2 + (y - b) ** 2) * 20) - 1 for a, b in centres]
    noise = 0.02 * rng.standard_normal((count, 32, 32))
    return (np.stack([shapes[i % kinds] for i in range(count)]) + noise).clip(-1, 1).astype(np.float32)[:, None]


def test_copies_are_identical_and_noise_is_diverse():
    copies = np.repeat(smooth_images(1, 1), 10, axis=0)
    noise = np.random.default_rng(0).uniform(-1, 1, (20, 1, 32, 32)).astype(np.float32)
    same = compare_pairs(copies, np.arange(10), seed=0)
    assert (same.mean, same.low, same.high) == pytest.approx((1, 1, 1), abs=1e-6)
    assert compare_pairs(noise, np.arange(20), seed=0).mean < 0.1


def test_a_collapsed_set_is_less_diverse_and_raises_the_alarm():
    diverse, collapsed = (compare_pairs(smooth_images(40, kinds), np.arange(40), 0, 200) for kinds in (40, 2))
    assert collapsed.low > diverse.high
    alarms = find_alarms(replace(RESULT, generated=collapsed, held_out=diverse))
    assert [(alarm.code, alarm.severity) for alarm in alarms] == [("collapsed_diversity", "warning")]
    assert not find_alarms(replace(RESULT, generated=diverse, held_out=collapsed))


def test_no_alarm_within_the_margin_or_with_overlapping_intervals():
    near = replace(ONE, mean=0.24, low=0.239, high=0.241)
    uncertain = replace(ONE, mean=0.4, low=0.2, high=0.6)
    assert not find_alarms(replace(RESULT, generated=near, held_out=replace(ONE, low=0.199, high=0.201)))
    assert not find_alarms(replace(RESULT, generated=uncertain))


def test_training_images_are_the_measure_where_nothing_was_held_out():
    alike = replace(ONE, mean=0.9, low=0.88, high=0.92)
    assert find_alarms(replace(RESULT, generated=alike, held_out=None))


@pytest.mark.parametrize(("count", "wanted", "pairs"), [(2, 500, 1), (9, 500, 36), (10, 500, 45), (400, 500, 500)])
def test_pairs_are_different_images_and_never_repeated(count, wanted, pairs):
    chosen = choose_pairs(count, wanted, seed=4)
    assert len({frozenset(pair) for pair in chosen.tolist()}) == len(chosen) == pairs
    assert (chosen[:, 0] != chosen[:, 1]).all()
    assert np.ptp(np.bincount(chosen.ravel(), minlength=count)) <= 2
    assert (chosen == choose_pairs(count, wanted, seed=4)).all()


def test_images_of_one_group_count_once():
    images = np.repeat(smooth_images(6, 6), 5, axis=0)
    independent = compare_pairs(images, np.arange(30), seed=0)
    grouped = compare_pairs(images, np.repeat(np.arange(6), 5), seed=0)
    assert grouped.mean == independent.mean
    assert (grouped.groups, independent.groups) == (6, 30)
    assert grouped.high - grouped.low > independent.high - independent.low


def test_too_few_groups_give_no_interval():
    part = compare_pairs(smooth_images(4, 4), np.array(["a", "a", "b", "b"]), seed=0)
    assert (part.low, part.high) == (0, 1)


@pytest.mark.parametrize("result", [RESULT, replace(RESULT, held_out=None)])
def test_results_survive_their_file(tmp_path, result):
    save(tmp_path / "d.json", result)
    assert load(tmp_path / "d.json") == result


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 1}', '{"schema_version": 9}'])
def test_a_damaged_file_is_the_users_error(tmp_path, text):
    (tmp_path / "d.json").write_text(text)
    with pytest.raises(UserError):
        load(tmp_path / "d.json")
