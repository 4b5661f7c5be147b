"""Grad-CAM of a classifier, each image for its own class."""

import pytest
import torch

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.store import Store
from ganoscope.explanation.classifier_maps import choose_layer, explain_codes, make_target


@pytest.fixture(scope="module")
def network(tiny_classifier):
    return open_classifier(tiny_classifier).network


@pytest.fixture(scope="module")
def images(phantom_store):
    store = Store.open(phantom_store)
    return torch.from_numpy(store.load_images(store.indices("test")[:4]))


def test_each_map_is_that_of_its_own_class(network, images):
    codes = [2, 0, 1, 0]
    together = explain_codes(network, images, codes, None)
    assert together.maps.shape == (4, 32, 32)
    for image, code, heat in zip(images, codes, together.maps, strict=True):
        alone = explain_codes(network, image[None], [code], None)
        torch.testing.assert_close(heat, alone.maps[0], atol=1e-6, rtol=1e-4)


def test_the_target_is_the_logit_of_one_class(network, images):
    with torch.no_grad():
        torch.testing.assert_close(make_target(network, 1)(images), network(images).logits[:, 1])


def test_the_last_feature_map_is_explained_only_where_it_is_fine_enough(network):
    assert choose_layer(network, torch.zeros(1, 1, 32, 32)) is None
    assert choose_layer(network, torch.zeros(1, 1, 224, 224)) == "body"
