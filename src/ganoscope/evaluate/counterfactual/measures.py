"""Measures of counterfactuals on every image: validity, proximity, sparsity, location, transfer and robustness.

An adversarial perturbation also changes a classifier's prediction, and explains nothing. Each counterfactual is
therefore compared with noise of equal L2 norm that was made to change the same classifier's prediction
(`projected_gradient`). A change that shows what the class looks like also changes the prediction of an independent
classifier (`judge` in names), and survives a slight blur; noise that exploits one network's weights does so less.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.evaluate.counterfactual.flips import Answers, ask, ask_once, count_flips, describe_answers
from ganoscope.evaluate.counterfactual.projected_gradient import attack, find_norm
from ganoscope.evaluate.ssim import compute_ssim

CHANGES = (
    *("l1", "ssim", "changed_share", "cycle_l1"),
    *("change_in_lesion", "lesion_area", "change_in_anatomy", "anatomy_area", "change_in_padding", "padding_area"),
)
"""Measures that are NaN for an image that is of the target class already: its translation is no counterfactual."""
CHANGED = 0.02
"""A pixel counts as changed where it moves by more than this share of the network range."""
MARGIN_PX = 3
"""Pixels by which a lesion's mask is dilated: a change at its rim belongs to it."""
BLUR_PX = 1.0
"""Standard deviation of the Gaussian that a change must survive."""
TRUNCATE = 3.0
"""Standard deviations after which the Gaussian is cut off."""


@dataclass(frozen=True)
class Pairs:
    """A batch of images and their translations, all in network range [-1, 1], shape (B, 1, H, W).

    Attributes:
        image: The original image.
        counterfactual: The image translated to the target class.
        cycle: The counterfactual translated back; NaN where no network translates back.
        identity: The image translated to its own class; NaN where that is unknown or not possible.
        written: The counterfactual read back from the file that it was written to; NaN where there is no file.
        target: Name of the target class of each, shape (B,).
        already: Whether each image is of the target class already, shape (B,).
        mask: Annotated finding, shape (B, H, W), empty for an image without one; None where no findings are annotated.
        anatomy: Outlined anatomy, such as lung fields, likewise; it is no finding.
        padding: Padding beside the picture, shape (B, H, W); None where unknown.
    """

    image: Tensor
    counterfactual: Tensor
    cycle: Tensor
    identity: Tensor
    written: Tensor
    target: NDArray[np.str_]
    already: NDArray[np.bool_]
    mask: NDArray[np.bool_] | None = None
    anatomy: NDArray[np.bool_] | None = None
    padding: NDArray[np.bool_] | None = None

    @property
    def change(self) -> Tensor:
        """The counterfactual minus the image, shape (B, 1, H, W)."""
        return self.counterfactual - self.image


@dataclass(frozen=True)
class Measures:
    """Measures of each image, shape (N,), float64; NaN where a measure does not apply.

    Attributes:
        probability_before: The explained classifier's probability of the target class for the image.
        probability_after: The same for the counterfactual.
        flip: Whether the explained classifier's most probable class became the target; NaN where it was before, and
            where the image is `already` of the target class.
        flip_strength: Smallest of the strengths tried from which on the target stays the most probable class.
        judge_probability_before: The independent classifier's probability of the target class for the image.
        judge_probability_after: The same for the counterfactual.
        judge_flip: As `flip`, for the independent classifier.
        judge_flip_strength: As `flip_strength`, for the independent classifier.
        l1: Mean absolute change, stored units.
        ssim: Structural similarity of image and counterfactual.
        changed_share: Share of pixels that changed by more than `CHANGED`.
        change_in_lesion: Share of the absolute change inside the mask, dilated by `MARGIN_PX`.
        lesion_area: Share of the image's area inside it: the share that a uniform change would have.
        change_in_anatomy: Share of the absolute change inside the outlined anatomy; the rest lies outside it.
        anatomy_area: Share of the image's area inside it.
        change_in_padding: Share of the absolute change in the padding beside the picture.
        padding_area: Share of the image's area that is padding.
        identity_l1: Mean absolute change, stored units, of an image translated to its own class.
        cycle_l1: Mean absolute difference, stored units, between the image and its counterfactual translated back.
        flip_as_written: Whether a flip holds in the file that the counterfactual was written to.
        flip_after_blur: Whether a flip holds when the counterfactual is blurred.
        flip_by_blur: Whether blurring the image alone flips it: the floor of `flip_after_blur`.
        attack_flip: Whether noise of equal L2 norm, made against the explained classifier, flips it.
        attack_flip_strength: Smallest share of the noise from which on it does.
        attack_judge_flip: Whether the same noise flips the independent classifier.
        attack_judge_flip_strength: Smallest share of the noise from which on it does.
        attack_flip_after_blur: Whether the noise's flip holds when the image is blurred.
        attack_norm: L2 norm of the noise over that of the change: below 1 where pixels were clipped.
    """

    probability_before: NDArray[np.float64]
    probability_after: NDArray[np.float64]
    flip: NDArray[np.float64]
    flip_strength: NDArray[np.float64]
    judge_probability_before: NDArray[np.float64]
    judge_probability_after: NDArray[np.float64]
    judge_flip: NDArray[np.float64]
    judge_flip_strength: NDArray[np.float64]
    l1: NDArray[np.float64]
    ssim: NDArray[np.float64]
    changed_share: NDArray[np.float64]
    change_in_lesion: NDArray[np.float64]
    lesion_area: NDArray[np.float64]
    change_in_anatomy: NDArray[np.float64]
    anatomy_area: NDArray[np.float64]
    change_in_padding: NDArray[np.float64]
    padding_area: NDArray[np.float64]
    identity_l1: NDArray[np.float64]
    cycle_l1: NDArray[np.float64]
    flip_as_written: NDArray[np.float64]
    flip_after_blur: NDArray[np.float64]
    flip_by_blur: NDArray[np.float64]
    attack_flip: NDArray[np.float64]
    attack_flip_strength: NDArray[np.float64]
    attack_judge_flip: NDArray[np.float64]
    attack_judge_flip_strength: NDArray[np.float64]
    attack_flip_after_blur: NDArray[np.float64]
    attack_norm: NDArray[np.float64]


NAMES = tuple(field.name for field in fields(Measures))
FLIPS = tuple(name for name in NAMES if "flip" in name)
"""Measures of whether and when a prediction changes; NaN as `CHANGES` are."""


@dataclass(frozen=True)
class Response:
    """Dose and response: the probability of the target class as the change, or the noise, grows to its full strength.

    Attributes:
        explained: Probability by the explained classifier, shape (N, S), float64; NaN without one.
        judge: The same by the independent classifier.
        attack_explained: Probability by the explained classifier as the noise grows; NaN without that control.
        attack_judge: The same by the independent classifier.
    """

    explained: NDArray[np.float64]
    judge: NDArray[np.float64]
    attack_explained: NDArray[np.float64]
    attack_judge: NDArray[np.float64]


@dataclass(frozen=True)
class MeasuringPlan:
    """Settings of the measures.

    Attributes:
        intensity: Map between stored units and network range.
        strengths: Shares of the change that are tried, from 0 to 1, shape (S,).
        explained: The explained classifier; None without one.
        judge: An independent classifier; None without one.
        attack_steps: Steps of the adversarial control; 0 for no control.
    """

    intensity: IntensityMap
    strengths: NDArray[np.float64]
    explained: TrainedClassifier | None = None
    judge: TrainedClassifier | None = None
    attack_steps: int = 20


@torch.no_grad()
def measure_pairs(pairs: Pairs, plan: MeasuringPlan) -> tuple[Measures, Response]:
    """Returns the measures and the dose-response curves of a batch.

    Args:
        pairs: The images, on the classifiers' device.
        plan: Settings.
    """
    columns = {name: np.full(len(pairs.target), np.nan) for name in NAMES}
    columns |= measure_change(pairs, plan.intensity)
    if pairs.mask is not None:
        dilated = np.stack([dilate(one) for one in pairs.mask])
        columns |= measure_place(pairs.change, dilated, ("change_in_lesion", "lesion_area"))
    if pairs.anatomy is not None:
        columns |= measure_place(pairs.change, pairs.anatomy, ("change_in_anatomy", "anatomy_area"))
    if pairs.padding is not None:
        columns |= measure_place(pairs.change, pairs.padding, ("change_in_padding", "padding_area"))
    noise = make_noise(pairs, plan)
    answers = {
        f"{kind}{name}": ask(
            classifier if one else None, pairs.image, (one or pairs).change, pairs.target, plan.strengths
        )
        for kind, one in (("", pairs), ("attack_", noise))
        for name, classifier in (("", plan.explained), ("judge_", plan.judge))
    }
    for prefix, one in answers.items():
        columns |= describe_answers(one, prefix, plan.strengths)
    if plan.explained:
        columns |= measure_survival(plan.explained, pairs, answers[""])
    if plan.explained and noise:
        columns |= measure_noise(plan.explained, pairs, noise, answers["attack_"])
    columns |= {name: np.where(pairs.already, np.nan, columns[name]) for name in CHANGES + FLIPS}
    measures = Measures(**{name: columns[name] for name in NAMES})
    return measures, Response(*(one.curve for one in answers.values()))


def measure_change(pairs: Pairs, intensity: IntensityMap) -> dict[str, NDArray[np.float64]]:
    """Returns proximity, sparsity, identity and reversibility, shape (B,) each."""
    unit = (intensity.high - intensity.low) / 2
    size = pairs.change.abs()
    return {
        "l1": to_numpy(size.mean(dim=(1, 2, 3))) * unit,
        "ssim": compute_ssim(pairs.image, pairs.counterfactual),
        "changed_share": to_numpy((size > 2 * CHANGED).double().mean(dim=(1, 2, 3))),
        "identity_l1": to_numpy((pairs.identity - pairs.image).abs().mean(dim=(1, 2, 3))) * unit,
        "cycle_l1": to_numpy((pairs.cycle - pairs.image).abs().mean(dim=(1, 2, 3))) * unit,
    }


def measure_place(change: Tensor, place: NDArray[np.bool_], names: tuple[str, str]) -> dict[str, NDArray[np.float64]]:
    """Returns the share of the absolute change, and of the area, in a part of each image; NaN where there is none.

    Args:
        change: Shape (B, 1, H, W).
        place: The part, shape (B, H, W).
        names: Names of the two shares.
    """
    size, there = to_numpy(change.abs()[:, 0]), place.any(axis=(1, 2))
    with np.errstate(invalid="ignore"):
        inside = (size * place).sum(axis=(1, 2)) / size.sum(axis=(1, 2))
    return {name: np.where(there, one, np.nan) for name, one in zip(names, (inside, place.mean((1, 2))), strict=True)}


def dilate(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns all pixels that are no farther than `MARGIN_PX` from a pixel of the mask, shape (H, W).

    Example:
        >>> int(dilate(np.eye(1, 9, 4, dtype=bool)).sum())
        7
    """
    if not mask.any():
        return mask
    return np.asarray(ndimage.distance_transform_edt(~mask) <= MARGIN_PX)


def measure_survival(classifier: TrainedClassifier, pairs: Pairs, answers: Answers) -> dict[str, NDArray[np.float64]]:
    """Tells whether flips persist in the written file and under a blur, and whether the blur alone flips, (B,) each.

    Args:
        classifier: The explained classifier.
        pairs: Images and counterfactuals.
        answers: Predictions of the classifier for the counterfactuals.
    """
    flipped = count_flips(answers, answers.said[:, -1]) == 1
    _, blurred = ask_once(classifier, blur(pairs.counterfactual), answers.codes)
    _, floor = ask_once(classifier, blur(pairs.image), answers.codes)
    _, written = ask_once(classifier, pairs.written.nan_to_num(), answers.codes)
    kept = flipped & ~to_numpy(pairs.written.isnan().any(dim=(1, 2, 3))).astype(bool)
    return {
        "flip_as_written": np.where(kept, written.astype(np.float64), np.nan),
        "flip_after_blur": np.where(flipped, blurred.astype(np.float64), np.nan),
        "flip_by_blur": count_flips(answers, floor),
    }


def make_noise(pairs: Pairs, plan: MeasuringPlan) -> Pairs | None:
    """Returns the images with adversarial noise in place of the counterfactuals; None without that control."""
    if plan.explained is None or not plan.attack_steps:
        return None
    classes = plan.explained.record.classes
    target = torch.tensor([classes.index(name) for name in pairs.target.tolist()], device=pairs.image.device)
    noisy = attack(plan.explained, pairs.image, target, find_norm(pairs.change), plan.attack_steps)
    return replace(pairs, counterfactual=noisy)


def measure_noise(
    classifier: TrainedClassifier, pairs: Pairs, noise: Pairs, answers: Answers
) -> dict[str, NDArray[np.float64]]:
    """Returns whether the noise's flips persist under a blur, and its norm over that of the change, shape (B,) each.

    Args:
        classifier: The explained classifier.
        pairs: Images and counterfactuals.
        noise: The same images with noise in place of the counterfactuals.
        answers: Predictions of the classifier for the noise.
    """
    _, blurred = ask_once(classifier, blur(noise.counterfactual), answers.codes)
    flipped = count_flips(answers, answers.said[:, -1]) == 1
    return {
        "attack_flip_after_blur": np.where(flipped, blurred.astype(np.float64), np.nan),
        "attack_norm": to_numpy(find_norm(noise.change) / find_norm(pairs.change).clamp_min(1e-12)),
    }


def blur(image: Tensor) -> Tensor:
    """Returns images (B, 1, H, W) under a Gaussian of `BLUR_PX`, borders reflected."""
    reach = int(TRUNCATE * BLUR_PX + 0.5)
    steps = torch.arange(-reach, reach + 1, device=image.device, dtype=image.dtype)
    weights = torch.exp(-0.5 * (steps / BLUR_PX) ** 2)
    weights = weights / weights.sum()
    padded = torch.nn.functional.pad(image, (reach,) * 4, mode="reflect")
    rows = torch.nn.functional.conv2d(padded, weights.view(1, 1, -1, 1))
    return torch.nn.functional.conv2d(rows, weights.view(1, 1, 1, -1))


def join(parts: Sequence[Any]) -> Any:
    """Returns `Measures` or `Response` of several batches as one."""
    kind = type(parts[0])
    return kind(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(kind)))


def to_numpy(values: Tensor) -> NDArray[np.float64]:
    """Returns a tensor of any shape as a float64 array."""
    found: NDArray[np.float64] = values.double().cpu().numpy()
    return found
