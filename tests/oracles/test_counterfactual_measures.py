"""Every measure of a counterfactual written a second time: naively, in float64, pixel by pixel."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from torch import nn

from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.evaluate.counterfactual import flips
from ganoscope.evaluate.counterfactual import measures as counterfactual
from ganoscope.evaluate.counterfactual.measures import MeasuringPlan, Pairs, measure_pairs
from ganoscope.evaluate.counterfactual.projected_gradient import attack

SIZE = 16
HU = IntensityMap(-1024.0, 1976.0, "HU", "int16")
STRENGTHS = np.linspace(0, 1, 5)


class Linear(nn.Module):
    """Two logits, 0 and w . x + b: what the target's probability is can be written down."""

    def __init__(self, seed, scale):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.weight = nn.Parameter(scale * torch.randn(SIZE * SIZE, generator=generator, dtype=torch.float64))
        self.bias = nn.Parameter(torch.zeros(1, dtype=torch.float64))

    def forward(self, image):
        score = image.flatten(1).to(self.weight.dtype) @ self.weight + self.bias
        return SimpleNamespace(logits=torch.stack([torch.zeros_like(score), score], 1))


def make_classifier(seed=0, scale=0.3):
    record = SimpleNamespace(classes=("well", "sick"), temperature=2.0)
    return TrainedClassifier(None, record, Linear(seed, scale).requires_grad_(False))


def make_pairs(count=6, seed=0):
    random = torch.Generator().manual_seed(seed)

    def draw(scale):
        return (torch.rand(count, 1, SIZE, SIZE, generator=random, dtype=torch.float64) * 2 - 1) * scale

    image = draw(0.6)
    mask = np.zeros((count, SIZE, SIZE), bool)
    mask[0, 3:6, 4:9], mask[2, 10, 12] = True, True
    return Pairs(
        image=image,
        counterfactual=(image + draw(0.3)).clamp(-1, 1),
        cycle=image + draw(0.05),
        identity=image + draw(0.02),
        written=torch.full_like(image, torch.nan),
        target=np.array(["sick", "well"] * (count // 2)),
        already=np.arange(count) == 4,
        mask=mask,
    )


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def naive_ssim(first, second):
    """Wang et al. 2004, eq. 13, with a Gaussian window of 11 x 11 pixels that lies wholly inside the image."""
    axis = np.exp(-0.5 * ((np.arange(11) - 5) / 1.5) ** 2)
    window = np.outer(axis, axis) / np.outer(axis, axis).sum()
    c1, c2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    values = []
    for i in range(first.shape[0] - 10):
        for j in range(first.shape[1] - 10):
            x, y = first[i : i + 11, j : j + 11] + 1, second[i : i + 11, j : j + 11] + 1
            mx, my = (window * x).sum(), (window * y).sum()
            vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
            cov = (window * (x - mx) * (y - my)).sum()
            values.append((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    return np.mean(values)


def naive_share_in_lesion(change, mask):
    """Over the pixels no farther than three pixels from one of the mask: (share of the change, of the area)."""
    inside = total = area = 0.0
    found = np.argwhere(mask)
    for i in range(change.shape[0]):
        for j in range(change.shape[1]):
            near = any((i - a) ** 2 + (j - b) ** 2 <= 9 for a, b in found)
            total += abs(change[i, j])
            inside += abs(change[i, j]) * near
            area += near
    return inside / total, area / change.size


def test_change_and_its_place_are_what_the_formulas_say():
    pairs = make_pairs()
    pairs = replace(pairs, anatomy=np.roll(pairs.mask, 2, axis=1))
    measures, _ = measure_pairs(pairs, MeasuringPlan(HU, STRENGTHS))
    for n in range(len(pairs.target)):
        x, y = (tensor[n, 0].numpy() for tensor in (pairs.image, pairs.counterfactual))
        assert measures.identity_l1[n] == pytest.approx(np.abs(pairs.identity[n, 0].numpy() - x).mean() * 1500)
        if n == 4:
            assert all(np.isnan(getattr(measures, name)[n]) for name in counterfactual.CHANGES)
            continue
        assert measures.l1[n] == pytest.approx(np.abs(x - y).sum() / SIZE**2 * 1500)
        assert measures.ssim[n] == pytest.approx(naive_ssim(x, y), abs=1e-6)
        assert measures.changed_share[n] == sum(abs(d) > 0.04 for d in (y - x).ravel()) / SIZE**2
        assert measures.cycle_l1[n] == pytest.approx(np.abs(pairs.cycle[n, 0].numpy() - x).mean() * 1500)
        if n in (0, 2):
            inside, area = naive_share_in_lesion(y - x, pairs.mask[n])
            assert measures.change_in_lesion[n] == pytest.approx(inside)
            assert measures.lesion_area[n] == pytest.approx(area)
            cells = [(i, j) for i in range(SIZE) for j in range(SIZE) if pairs.anatomy[n, i, j]]  # without a margin
            inside = sum(abs((y - x)[cell]) for cell in cells) / np.abs(y - x).sum()
            assert measures.change_in_anatomy[n] == pytest.approx(inside)
            assert measures.anatomy_area[n] == pytest.approx(len(cells) / SIZE**2)
        else:
            assert np.isnan(measures.change_in_lesion[n])
            assert np.isnan(measures.lesion_area[n])
            assert np.isnan(measures.change_in_anatomy[n])


def test_answers_along_the_strengths_are_what_the_formulas_say():
    pairs, explained, judge = make_pairs(12), make_classifier(0), make_classifier(1)
    measures, response = measure_pairs(pairs, MeasuringPlan(HU, STRENGTHS, explained, judge, attack_steps=0))
    outcomes = set()
    for n, target in enumerate(pairs.target.tolist()):
        x, y = (tensor[n].numpy().ravel() for tensor in (pairs.image, pairs.counterfactual))
        for name, classifier, prefix in (("explained", explained, ""), ("judge", judge, "judge_")):
            weight = classifier.network.weight.detach().numpy()
            scores = [weight @ (x + s * (y - x)) for s in STRENGTHS]
            sick = [sigmoid(score / 2) for score in scores]
            wanted = sick if target == "sick" else [1 - p for p in sick]
            assert getattr(response, name)[n] == pytest.approx(wanted, rel=1e-6)
            said = [(score > 0) == (target == "sick") for score in scores]
            flip = np.nan if said[0] or pairs.already[n] else float(said[-1])
            assert getattr(measures, f"{prefix}flip")[n] == pytest.approx(flip, nan_ok=True)
            lasting = [all(said[k:]) for k in range(len(said))]
            strength = STRENGTHS[lasting.index(True)] if flip == 1 else np.nan
            assert getattr(measures, f"{prefix}flip_strength")[n] == pytest.approx(strength, nan_ok=True)
            outcomes.add(str(flip))
    assert outcomes == {"nan", "0.0", "1.0"}, "all three kinds must occur for the test to mean anything"
    assert np.isnan(measures.attack_flip).all()


def test_no_flip_is_counted_of_an_image_that_is_of_the_target_already():
    pairs, explained, judge = make_pairs(12), make_classifier(0), make_classifier(1)
    plan = MeasuringPlan(HU, STRENGTHS, explained, judge, attack_steps=2)
    free, _ = measure_pairs(replace(pairs, already=np.zeros(12, bool)), plan)
    kept, _ = measure_pairs(replace(pairs, already=np.ones(12, bool)), plan)
    for name in (
        "flip",
        "judge_flip",
        "flip_by_blur",
        "attack_flip",
        "attack_judge_flip",
        "attack_judge_flip_strength",
    ):
        assert np.isfinite(getattr(free, name)).any()
        assert np.isnan(getattr(kept, name)).all()
    assert np.isfinite(kept.judge_probability_after).all()


def test_what_a_blur_leaves_is_asked_of_scipys_blur():
    pairs, explained = make_pairs(12), make_classifier(0)
    measures, _ = measure_pairs(pairs, MeasuringPlan(HU, STRENGTHS, explained, attack_steps=0))
    weight = explained.network.weight.detach().numpy()

    def says(image, target):
        blurred = ndimage.gaussian_filter(image, 1.0, truncate=3.0, mode="mirror")
        return float((weight @ blurred.ravel() > 0) == (target == "sick"))

    for n, target in enumerate(pairs.target.tolist()):
        flip = measures.flip[n]
        floor = np.nan if np.isnan(flip) else says(pairs.image[n, 0].numpy(), target)
        kept = says(pairs.counterfactual[n, 0].numpy(), target) if flip == 1 else np.nan
        assert measures.flip_by_blur[n] == pytest.approx(floor, nan_ok=True)
        assert measures.flip_after_blur[n] == pytest.approx(kept, nan_ok=True)
    assert np.isfinite(measures.flip_after_blur).any()


def naive_attack(weight, x, target, epsilon, steps):
    """The steps written out, for the loss log(1 + exp(-/+ w . x)) whose gradient is known."""
    d = np.zeros_like(x)
    sign = 1.0 if target == 1 else -1.0
    for _ in range(steps):
        slope = sigmoid(-sign * (weight @ (x + d)))
        gradient = -sign * slope * weight
        d = d - 2.5 * epsilon / steps * gradient / np.linalg.norm(gradient)
        d = d * min(1.0, epsilon / np.linalg.norm(d))
        d = np.clip(x + d, -1, 1) - x
    return np.clip(x + d * epsilon / np.linalg.norm(d), -1, 1)


@pytest.mark.parametrize("target", [0, 1])
@pytest.mark.parametrize("epsilon", [0.5, 12.0])
def test_the_adversarial_noise_is_what_the_steps_say(target, epsilon):
    classifier, image = make_classifier(3, scale=0.03), make_pairs().image[:2]
    norm = torch.full((2,), epsilon, dtype=torch.float64)
    noisy = attack(classifier, image, torch.full((2,), target), norm, steps=7)
    weight = classifier.network.weight.detach().numpy()
    for n in range(2):
        expected = naive_attack(weight, image[n].numpy().ravel(), target, epsilon, 7)
        assert noisy[n].numpy().ravel() == pytest.approx(expected, abs=1e-6)
    reached = (noisy - image).flatten(1).norm(dim=1)
    assert torch.allclose(reached, norm) if epsilon < 1 else bool((reached < norm).all())


def test_noise_has_the_norm_of_the_change_and_is_asked_as_the_change_is():
    pairs, explained, judge = make_pairs(12), make_classifier(0), make_classifier(1)
    measures, response = measure_pairs(pairs, MeasuringPlan(HU, STRENGTHS, explained, judge, attack_steps=5))
    codes = torch.tensor([["well", "sick"].index(name) for name in pairs.target.tolist()])
    norm = pairs.change.flatten(1).norm(dim=1)
    noise = attack(explained, pairs.image, codes, norm, 5) - pairs.image
    assert measures.attack_norm == pytest.approx((noise.flatten(1).norm(dim=1) / norm).numpy())
    for n, code in enumerate(codes.tolist()):
        for curve, classifier in ((response.attack_explained, explained), (response.attack_judge, judge)):
            for k, strength in enumerate(STRENGTHS.tolist()):
                image = pairs.image[n : n + 1] + strength * noise[n : n + 1]
                expected = float(classifier.compute_probabilities(image)[0, code])
                assert curve[n, k] == pytest.approx(expected, rel=1e-6)
    there = np.isfinite(measures.flip)
    assert (measures.attack_flip[there] == 1).all(), "noise against a linear classifier does as well as can be"


masks = arrays(bool, (9, 11))


@settings(deadline=None, max_examples=25)
@given(masks)
def test_dilation_takes_all_pixels_within_reach_and_no_other(mask):
    found = counterfactual.dilate(mask)
    for i, j in np.ndindex(mask.shape):
        near = any((i - a) ** 2 + (j - b) ** 2 <= counterfactual.MARGIN_PX**2 for a, b in np.argwhere(mask))
        assert found[i, j] == near


@settings(deadline=None, max_examples=25)
@given(st.lists(st.booleans(), min_size=5, max_size=5))
def test_a_flip_that_does_not_last_has_no_strength(said):
    answers = flips.Answers(np.zeros(1, np.int64), np.zeros((1, 5)), np.array([said]))
    (strength,) = flips.find_flip_strength(answers, STRENGTHS)
    assert np.isnan(strength) == (said[0] or not said[-1])
    if not np.isnan(strength):
        first = STRENGTHS.tolist().index(strength)
        assert all(said[first:])
        assert not said[first - 1]
