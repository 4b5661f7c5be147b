"""Extractors and the features of stores and streams."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.features import (
    Extractor,
    extract_features,
    extract_store_features,
    make_random_extractor,
    stream_features,
    use_classifier,
)
from ganoscope.generation import draw_images
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.workflows.phantom import phantom


@pytest.fixture(scope="module")
def store(phantom_store):
    return Store.open(phantom_store)


def test_the_random_network_is_the_same_each_time_and_another_with_another_seed():
    first, again, other = (make_random_extractor(seed) for seed in (0, 0, 1))
    image = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert torch.equal(first.compute(image), again.compute(image))
    assert not torch.allclose(first.compute(image), other.compute(image))
    assert first.weights_sha256 == again.weights_sha256 != other.weights_sha256


def test_the_random_networks_weights_are_those_that_published_numbers_were_made_with():
    assert make_random_extractor().weights_sha256.startswith("352bc4214b49d324")


def test_constant_images_have_no_edges_whatever_their_grey():
    levels = torch.tensor([-1.0, 0.0, 0.5])[:, None, None, None].expand(3, 1, 64, 64)
    features = make_random_extractor().compute(torch.nn.functional.pad(levels, (9, 9, 9, 9), "replicate"))
    assert features[1].abs().max() == 0  # padding with zeros has no edge here
    varied = make_random_extractor().compute(torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0)))
    assert features.abs().mean() < 0.2 * varied.abs().mean()


def test_a_classifiers_features_are_what_its_head_sees(tiny_classifier, store):
    classifier = open_classifier(tiny_classifier)
    images = store.load_images(np.arange(5))
    features = extract_features(use_classifier(classifier), [images])
    with torch.no_grad():
        logits = classifier.network.head(torch.from_numpy(features.values).float())
        assert torch.allclose(logits, classifier(torch.from_numpy(images)).logits, atol=1e-5)
    assert features.values.dtype == np.float64
    assert features.extractor == f"small_cnn, trained on {store.name}"
    assert features.weights_sha256 == classifier.record.weights_sha256


@pytest.mark.parametrize("sizes", [(1, 100, 43), (144,)])
def test_a_stores_features_do_not_depend_on_batches(store, sizes):
    extractor, indices = make_random_extractor(), np.arange(144)
    whole = extract_store_features(extractor, store, indices)
    parts = (store.load_images(part) for part in np.split(indices, np.cumsum(sizes)[:-1]))
    assert np.concatenate(list(stream_features(extractor, parts))) == pytest.approx(whole.values, rel=1e-5, abs=1e-6)
    assert (whole.groups == store.column("group")).all()


def test_generated_images_are_each_their_own_group(tiny_run):
    features = extract_features(make_random_extractor(), draw_images(open_run(tiny_run), 20, seed=0))
    assert features.values.shape == (20, 112)
    assert len(np.unique(features.groups)) == 20
    taken = features.take(np.array([3, 1]))
    assert (taken.values == features.values[[3, 1]]).all()
    assert taken.groups.tolist() == [3, 1]


def test_a_classifier_of_other_images_is_refused(tiny_classifier, tmp_path):
    phantom(tmp_path / "larger", PhantomConfig(modality="mri", number=12, size=48))
    larger = Store.open(tmp_path / "larger")
    with pytest.raises(UserError, match="got 32; allowed: 48"):
        extract_store_features(use_classifier(open_classifier(tiny_classifier)), larger, np.arange(12))


def test_no_images_and_features_that_are_not_finite_are_refused():
    with pytest.raises(UserError, match="got 0"):
        extract_features(make_random_extractor(), [])
    with pytest.raises(UserError, match="not finite"):
        extract_features(make_random_extractor(), [np.full((2, 1, 32, 32), np.nan, np.float32)])
    wild = Extractor("wild", "", lambda image: image.flatten(1) / 0)
    with pytest.raises(UserError, match="features of wild are not finite"):
        extract_features(wild, [np.ones((2, 1, 4, 4), np.float32)])


def test_radiomics_are_features_like_others_and_standardised_by_a_reference():
    from ganoscope.evaluate.features import MOST_DEVIATIONS, make_radiomics_extractor, standardise

    images = np.random.default_rng(0).normal(0, 0.4, (30, 1, 16, 16)).clip(-1, 1).astype(np.float32)
    found = extract_features(make_radiomics_extractor(), [images])
    assert found.values.shape == (30, 81)
    assert make_radiomics_extractor().weights_sha256 == found.weights_sha256
    moved = standardise(found, found)
    assert moved.values.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert set(moved.values.std(axis=0).round(6).tolist()) <= {0.0, 1.0}
    broken = replace(found, values=found.values * 1e6)
    assert np.abs(standardise(broken, found).values).max() == MOST_DEVIATIONS
