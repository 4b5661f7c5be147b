"""Translates a batch of cases, brings the counterfactuals back to the sources' geometry, and measures them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.counterfactuals.cases.case import Case
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.translation.source_geometry import add_change, read_back
from ganoscope.counterfactuals.translation.translator import (
    Translator,
    choose_targets,
    compute_domain_probabilities,
    name_domains,
)
from ganoscope.data.geometry.placement import GeometryConfig
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import UserError
from ganoscope.evaluate.counterfactual.measures import Measures, MeasuringPlan, Pairs, Response, measure_pairs

PIXELS = {"cpu": 1 << 20, "cuda": 1 << 22}
"""Pixels of a batch, by kind of device: about 1 GiB of feature maps at 64 channels on a CPU."""
LARGEST_BATCH = 64
"""Most images of a batch."""


@dataclass(frozen=True)
class Setting:
    """Generators, measurements and geometry that all batches share.

    Attributes:
        translator: The generators.
        plan: How to measure, and with which classifiers.
        geometry: How sources are brought to the networks' square.
        target: Target of all images; "" to choose by image.
    """

    translator: Translator
    plan: MeasuringPlan
    geometry: GeometryConfig
    target: str

    @property
    def intensity(self) -> IntensityMap:
        """The map between stored units and network range."""
        return self.plan.intensity


def make_setting(
    translator: Translator,
    explained: TrainedClassifier | None,
    judge: TrainedClassifier | None,
    geometry: GeometryConfig,
    config: CounterfactualConfig,
) -> Setting:
    """Returns the setting that all batches share.

    Args:
        translator: The generators.
        explained: The classifier to explain; None without one.
        judge: The independent classifier; None without one.
        geometry: How sources are brought to the networks' square.
        config: Strengths, target and steps of the adversarial control.
    """
    strengths = np.linspace(0, 1, config.steps)
    plan = MeasuringPlan(translator.run.record.intensity, strengths, explained, judge, config.attack_steps)
    return Setting(translator, plan, geometry, config.target)


@dataclass(frozen=True)
class Translated:
    """A batch of cases with their counterfactuals and measures.

    Attributes:
        cases: B images.
        pairs: Images and counterfactuals as the networks see them, on their device.
        own: Domain of each image, by its label, else by the explained classifier, else "".
        directions: Direction of each translation, such as `normal to pneumonia`.
        written: Counterfactuals in the sources' geometry and units, shape (H, W) each.
        returned: Counterfactuals translated back, likewise; None where no generator does that.
        measures: Measures of each image.
        response: Dose-response curves of each image.
    """

    cases: Sequence[Case]
    pairs: Pairs
    own: Sequence[str]
    directions: Sequence[str]
    written: Sequence[NDArray[np.generic]]
    returned: Sequence[NDArray[np.generic] | None]
    measures: Measures
    response: Response


def choose_batch(size: int, device: torch.device) -> int:
    """Returns the batch size for images of a side in pixels.

    Example:
        >>> [choose_batch(size, torch.device("cpu")) for size in (64, 256, 512, 1024)]
        [64, 16, 4, 1]
    """
    return max(1, min(LARGEST_BATCH, PIXELS[device.type] // size**2))


def translate_batch(setting: Setting, cases: Sequence[Case]) -> list[Translated]:
    """Returns the translated cases, in smaller batches where the device runs out of memory.

    Raises:
        UserError: The translations are not finite.
        OutOfMemoryError: The device has no room for a single case.
    """
    try:
        return [translate_cases(setting, cases)]
    except torch.OutOfMemoryError:
        if len(cases) == 1:
            raise
    half = len(cases) // 2
    return [*translate_batch(setting, cases[:half]), *translate_batch(setting, cases[half:])]


def translate_cases(setting: Setting, cases: Sequence[Case]) -> Translated:
    """Returns the translated cases as one batch.

    Raises:
        UserError: The translations are not finite.
    """
    # Targets
    translator, intensity = setting.translator, setting.intensity
    image = load_images([case.pixels for case in cases], intensity, translator.device)
    labels = [case.label for case in cases]
    probabilities = compute_domain_probabilities(setting.plan.explained, translator.domains, image)
    targets = choose_targets(translator, setting.target, labels, probabilities)
    said = name_domains(translator, probabilities, len(cases))
    own = [label or name for label, name in zip(labels, said, strict=True)]
    already = [(name or label) == target for name, label, target in zip(said, labels, targets, strict=True)]
    # Translation, and back
    counterfactual = translator.translate(image, targets)
    cycle = translator.translate(counterfactual, [translator.find_other(target) for target in targets])
    if not counterfactual.isfinite().all():
        raise UserError(f"translations of run {translator.run.path} are not finite: choose another --checkpoint.")
    # The sources' own geometry
    written = add_changes(setting, cases, counterfactual - image)
    back = zip(add_changes(setting, cases, cycle - image), cycle.isfinite().all(dim=(1, 2, 3)).tolist(), strict=True)
    again = [read_back(case, one, setting.geometry) for case, one in zip(cases, written, strict=True)]
    pairs = Pairs(
        image=image,
        counterfactual=counterfactual,
        cycle=cycle,
        identity=translator.translate(image, own),
        written=load_images(again, intensity, translator.device),
        target=np.array(targets),
        already=np.array(already),
        mask=stack_masks(cases, "mask"),
        anatomy=stack_masks(cases, "anatomy"),
        padding=np.stack([case.padding for case in cases]),
    )
    returned = [one if known else None for one, known in back]
    directions = [translator.name_direction(target) for target in targets]
    return Translated(cases, pairs, own, directions, written, returned, *measure_pairs(pairs, setting.plan))


def stack_masks(cases: Sequence[Case], name: str) -> NDArray[np.bool_]:
    """Returns the masks `name` of B cases, shape (B, S, S), empty where there is none."""
    masks = (getattr(case, name) for case in cases)
    empty = np.zeros(cases[0].pixels.shape, bool)
    return np.stack([empty if mask is None else mask for mask in masks])


def load_images(pixels: Sequence[NDArray[np.generic]], intensity: IntensityMap, device: torch.device) -> Tensor:
    """Returns images in network range, shape (B, 1, S, S).

    Args:
        pixels: Stored units, shape (S, S) each.
        intensity: Map between stored units and network range.
        device: Where to put the images.
    """
    return torch.from_numpy(intensity.to_network(np.stack(pixels)))[:, None].to(device)


def add_changes(setting: Setting, cases: Sequence[Case], change: Tensor) -> list[NDArray[np.generic]]:
    """Returns every source plus its change, in its own geometry and units, shape (H, W) each.

    Args:
        setting: Intensity map and geometry.
        cases: B images.
        change: Network range, shape (B, 1, S, S); NaN counts as no change.
    """
    unit = (setting.intensity.high - setting.intensity.low) / 2
    changes = change[:, 0].nan_to_num().double().cpu().numpy() * unit
    return [add_change(case, one, setting.geometry) for case, one in zip(cases, changes, strict=True)]
