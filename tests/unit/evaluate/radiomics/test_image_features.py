import numpy as np

from ganoscope.evaluate.radiomics.image_features import LEVELS, compute_radiomics, discretise


def test_every_image_has_its_own_finite_features_whatever_it_shows():
    rng = np.random.default_rng(0)
    images = np.stack([rng.uniform(-1, 1, (24, 24)), np.full((24, 24), -1.0), np.full((24, 24), 1.0)])
    together = compute_radiomics(images)
    assert len(together) == 81
    assert all(np.isfinite(values).all() for values in together.values())
    for number in range(3):
        alone = compute_radiomics(images[number : number + 1])
        assert all(np.isclose(together[name][number], alone[name][0]) for name in together)


def test_no_feature_equals_another():
    images = np.random.default_rng(1).normal(0, 0.4, (40, 16, 16)).clip(-1, 1)
    values = np.stack(list(compute_radiomics(images).values()))
    spread = values[values.std(axis=1) > 0]
    spread = (spread - spread.mean(axis=1, keepdims=True)) / spread.std(axis=1, keepdims=True)
    close = np.abs(spread @ spread.T / spread.shape[1]) > 1 - 1e-9
    assert close.sum() == len(spread)


def test_levels_cover_the_network_range():
    assert discretise(np.linspace(-1, 1, 1000)).min() == 1
    assert discretise(np.linspace(-1, 1, 1000)).max() == LEVELS
    assert discretise(np.array([-3.0, 3.0])).tolist() == [1, LEVELS]
