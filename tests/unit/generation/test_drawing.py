"""Image i depends on the seed, its number and its label alone."""

import numpy as np
import pytest

from ganoscope.errors import UserError
from ganoscope.generation import draw_images
from ganoscope.generation.drawing import draw_chosen, sample
from ganoscope.training.run_folder.trained_run import open_run


@pytest.fixture(scope="module")
def run(conditional_run):
    return open_run(conditional_run)


@pytest.mark.parametrize("companions", [[], [1], list(range(40)), list(range(100, 130))])
@pytest.mark.parametrize("truncation", [1.0, 0.5])
def test_an_image_does_not_depend_on_what_is_drawn_beside_it(run, companions, truncation):
    alone = draw_chosen(run, np.array([7]), np.array([1]), 5, truncation)[0]
    for place in {0, len(companions)}:
        indices = np.insert(np.array(companions, np.int64), place, 7)
        codes = np.insert(np.arange(len(companions)) % len(run.classes), place, 1)
        assert np.array_equal(draw_chosen(run, indices, codes, 5, truncation)[place], alone)


def test_an_image_depends_on_seed_number_label_and_truncation(run):
    def image(index=7, code=1, seed=5, truncation=1.0):
        return draw_chosen(run, np.array([index]), np.array([code]), seed, truncation)

    for other in (image(index=8), image(code=0), image(seed=6), image(truncation=0.5)):
        assert not np.array_equal(image(), other)


@pytest.mark.parametrize("batch_size", [1, 16, 50])
def test_drawing_in_turn_gives_the_same_images_as_drawing_chosen_ones(run, batch_size):
    labels = np.arange(21) % len(run.classes)
    drawn = np.concatenate(list(draw_images(run, 21, 5, batch_size, labels)))
    assert np.array_equal(drawn[3:], draw_chosen(run, np.arange(3, 21), labels[3:], 5))


def test_samples_are_the_drawn_images_in_stored_units(run):
    pixels = sample(run, 5, seed=3)
    (drawn,) = draw_images(run, 5, 3)
    assert pixels.dtype == run.record.intensity.dtype
    assert np.array_equal(pixels, run.record.intensity.to_pixels(drawn[:, 0]))


def test_samples_of_a_class_are_of_that_class(run):
    code = len(run.classes) - 1
    expected = draw_chosen(run, np.arange(3), np.full(3, code), 0)
    pixels = sample(run, 3, class_name=run.classes[code])
    assert np.array_equal(pixels, run.record.intensity.to_pixels(expected[:, 0]))
    with pytest.raises(UserError, match="not a class of the run"):
        sample(run, 3, class_name="no such class")
