import numpy as np
import pytest

from ganoscope.evaluate.spectrum import compare_spectra, compute_spectra


def draw(count, seed, size=32):
    """Noise whose power falls with frequency, as that of images does."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size))
    noise = np.fft.fft2(rng.normal(size=(count, size, size)), axes=(1, 2)) / (frequency + 1 / size)
    images = np.fft.ifft2(noise, axes=(1, 2)).real
    return (images / 40).astype(np.float32)


def compare(images, reference):
    names = np.arange(len(images)).astype(str)
    return compare_spectra(compute_spectra(images, names), compute_spectra(reference, names), 0)


def test_power_is_that_of_a_naive_sum_over_pixels():
    image = draw(1, 0, 16)
    window = np.hanning(18)[1:-1]
    weights = np.outer(window, window)
    centred = (image[0] - (image[0] * weights).sum() / weights.sum()) * weights
    rows = np.arange(16)
    powers = {}
    for u in range(-8, 8):
        for v in range(-8, 8):
            wave = np.exp(-2j * np.pi * (u * rows[:, None] + v * rows) / 16)
            powers.setdefault(round(np.hypot(u, v)), []).append(abs((centred * wave).sum()) ** 2)
    expected = [np.mean(powers[radius]) / (weights**2).sum() for radius in range(1, 9)]
    assert compute_spectra(image, np.array(["a"])).radial[0] == pytest.approx(expected, rel=1e-4)


def test_like_images_hardly_differ_and_the_interval_of_fine_detail_holds_zero():
    found = compare(draw(60, 0), draw(60, 1))
    assert found.distance_db.value < 0.5
    assert not found.fine_db.excludes_zero
    assert not any(rise.low > 0.5 for rise in found.checkerboard_db.values())


def test_blur_lowers_the_finest_frequencies():
    images = draw(60, 0)
    blurred = (images + np.roll(images, 1, 1) + np.roll(images, 1, 2) + np.roll(images, (1, 1), (1, 2))) / 4
    found = compare(blurred, draw(60, 1))
    assert found.fine_db.high < -2
    assert found.distance_db.low > 1


@pytest.mark.parametrize("period", [2, 4])
def test_a_checkerboard_rises_at_its_own_period(period):
    images = draw(60, 0)
    board = (np.indices((32, 32)).sum(0) // (period // 2)) % 2 - 0.5
    found = compare((images + 0.05 * board).astype(np.float32), draw(60, 1))
    assert found.checkerboard_db[period].low > 1
