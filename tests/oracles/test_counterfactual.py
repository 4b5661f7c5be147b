"""The counterfactual loss against a plain loop, finite differences, and the slope that its documentation states."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ganoscope.objectives.counterfactual import counterfactual


def draw(count, classes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(count, classes, generator=generator, dtype=torch.float64)
    return logits.softmax(1), torch.randint(classes, (count,), generator=generator)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_equals_the_naive_formula_one_value_per_sample(classes):
    probability, target = draw(5, classes)
    expected = []
    for row, t in zip(probability.tolist(), target.tolist(), strict=True):
        expected.append(sum((p - (1.0 if k == t else 0.0)) ** 2 for k, p in enumerate(row)))
    torch.testing.assert_close(counterfactual(probability, target), torch.tensor(expected, dtype=torch.float64))


def test_of_two_classes_it_is_the_formula_of_the_paper():
    probability, _ = draw(6, 2)
    expected = (probability - torch.tensor([0.0, 1.0])).norm(dim=1) ** 2
    torch.testing.assert_close(counterfactual(probability, torch.ones(6, dtype=torch.int64)), expected)


def test_gradients_equal_finite_differences():
    probability, target = draw(4, 3)
    assert torch.autograd.gradcheck(lambda p: counterfactual(p, target), probability.requires_grad_())


@given(st.integers(2, 9), st.integers(0, 999))
def test_is_zero_at_certainty_of_the_target_and_largest_at_certainty_of_another(classes, seed):
    probability, target = draw(8, classes, seed)
    loss = counterfactual(probability, target)
    assert ((loss >= 0) & (loss <= 2)).all()
    certain = torch.eye(classes)[target]
    assert counterfactual(certain, target).tolist() == [0.0] * 8
    assert counterfactual(certain, (target + 1) % classes).tolist() == [2.0] * 8


@given(st.floats(0.001, 0.999))
def test_its_slope_fades_with_the_probability_of_the_target(p):
    logit = torch.tensor([[0.0, torch.logit(torch.tensor(p, dtype=torch.float64)).item()]], dtype=torch.float64)
    logit.requires_grad_()
    (slope,) = torch.autograd.grad(counterfactual(logit.softmax(1), torch.tensor([1])).sum(), logit)
    assert slope[0, 1].item() == pytest.approx(-4 * p * (1 - p) ** 2, rel=1e-6)


def test_a_frozen_classifier_lets_the_image_become_the_target():
    torch.manual_seed(0)
    classifier = nn.Sequential(nn.Flatten(), nn.Linear(64, 3)).requires_grad_(False)
    image, target = torch.randn(4, 1, 8, 8).requires_grad_(), torch.tensor([0, 1, 2, 0])
    optimizer = torch.optim.Adam([image], lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        counterfactual(classifier(image).softmax(1), target).sum().backward()
        optimizer.step()
    assert torch.equal(classifier(image).argmax(1), target)
    assert all(parameter.grad is None for parameter in classifier.parameters())


def test_half_precision_probabilities_are_summed_in_full_precision():
    probability, target = draw(4, 100)
    rough = probability.bfloat16()
    found = counterfactual(rough, target)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), counterfactual(rough.double(), target), rtol=1e-6, atol=0)
