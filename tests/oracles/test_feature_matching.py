"""Feature matching against a plain loop, finite differences, and its invariances."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganoscope.objectives.feature_matching import feature_matching

SHAPES = ((3, 2, 4, 4), (3, 5, 2, 2), (3, 1, 1, 3))


def draw(seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype) for shape in SHAPES)


def test_equals_the_naive_formula_one_value_per_pair():
    real, fake = draw(0), draw(1)
    expected = [0.0] * 3
    for one, other in zip(real, fake, strict=True):
        for index in range(3):
            pairs = list(zip(one[index].flatten().tolist(), other[index].flatten().tolist(), strict=True))
            expected[index] += sum(abs(a - b) for a, b in pairs) / len(pairs) / len(SHAPES)
    torch.testing.assert_close(feature_matching(real, fake), torch.tensor(expected, dtype=torch.float64))


def test_gradients_equal_finite_differences():
    real, fake = draw(0), tuple(layer.requires_grad_() for layer in draw(1))
    assert torch.autograd.gradcheck(lambda *layers: feature_matching(real, layers), fake)


@given(st.floats(-5, 5), st.integers(0, 99))
def test_layers_weigh_the_same_however_many_activations_they_have(shift, seed):
    real = draw(seed)
    for moved in range(len(SHAPES)):
        fake = tuple(layer + shift * (index == moved) for index, layer in enumerate(real))
        expected = torch.full((3,), abs(shift) / len(SHAPES), dtype=torch.float64)
        torch.testing.assert_close(feature_matching(real, fake), expected)


def test_is_zero_for_equal_activations_and_the_same_for_a_layer_given_twice():
    real, fake = draw(0), draw(1)
    assert feature_matching(real, real).tolist() == [0.0] * 3
    torch.testing.assert_close(feature_matching(real * 2, fake * 2), feature_matching(real, fake))


def test_means_over_places_leave_out_where_things_are():
    real = draw(0)[:1]
    shifted = (real[0].roll(2, dims=3),)
    means = [tuple(layer.mean((2, 3), keepdim=True) for layer in layers) for layers in (real, shifted)]
    assert feature_matching(real, shifted).min() > 0.5
    assert feature_matching(*means).max() < 1e-12


def test_a_missing_layer_is_an_error():
    with pytest.raises(ValueError, match="shorter"):
        feature_matching(draw(0), draw(1)[:2])


def test_half_precision_activations_are_summed_in_full_precision():
    real, fake = draw(0, torch.bfloat16), draw(1, torch.bfloat16)
    found = feature_matching(real, fake)
    assert found.dtype == torch.float32
    exact = feature_matching([layer.double() for layer in real], [layer.double() for layer in fake])
    torch.testing.assert_close(found.double(), exact, rtol=1e-5, atol=0)
