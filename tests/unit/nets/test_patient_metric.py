"""The metric network: shape, unit length, and what brightness and contrast do to it."""

import pytest
import torch

from ganoscope.nets.patient_metric import EMBEDDING, PatientMetric


@pytest.fixture
def network():
    torch.manual_seed(0)
    return PatientMetric(width=8).eval()


@pytest.mark.parametrize("size", [16, 32, 64])
def test_embeddings_have_unit_length_at_every_size(network, size):
    embeddings = network(torch.randn(3, 1, size, size))
    assert embeddings.shape == (3, EMBEDDING)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(3))


def test_brightness_does_not_matter_and_an_empty_image_is_finite(network):
    image = torch.rand(1, 1, 32, 32)
    torch.testing.assert_close(network(image), network(image + 0.5), atol=1e-4, rtol=0)
    assert torch.isfinite(network(torch.full((1, 1, 32, 32), -1.0))).all()


def test_position_matters(network):
    image = torch.full((1, 1, 32, 32), -1.0)
    image[:, :, :8, :8] = 1.0
    assert not torch.allclose(network(image), network(image.flip(3)), atol=1e-2)
