"""One batch from images to everything that is known about their counterfactuals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.counterfactuals.cases import Case
from ganoscope.counterfactuals.source_geometry import add_change, read_back
from ganoscope.counterfactuals.translator import Translator, choose_targets, compute_domain_probabilities, name_domains
from ganoscope.data.geometry.placement import GeometryConfig
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import UserError
from ganoscope.evaluate.counterfactual.measures import Measures, MeasuringPlan, Pairs, Response, measure_pairs

PIXELS = {"cpu": 1 << 20, "cuda": 1 << 22}
"""Pixels that go through the networks at once: about 1 GiB of feature maps at 64 channels on a CPU."""
LARGEST_BATCH = 64


@dataclass(frozen=True)
class Setting:
    """What all batches share.

    Attributes:
        translator: The generators.
        plan: How to measure, and with which classifiers.
        geometry: How sources come to the networks' square.
        target: Target of all images, or "".
    """

    translator: Translator
    plan: MeasuringPlan
    geometry: GeometryConfig
    target: str

    @property
    def intensity(self) -> IntensityMap:
        """The map between stored units and network range."""
        return self.plan.intensity


@dataclass(frozen=True)
class Translated:
    """A batch of cases, and what was made of them.

    Attributes:
        cases: B images.
        pairs: As the networks see them, on their device.
        own: Domain that each image is of, by its label, else by the explained classifier, else "".
        written: Counterfactuals in the sources' geometry and units.
        returned: What comes back, likewise; None where nothing translates back.
        measures: Of the batch.
        response: Of the batch.
    """

    cases: Sequence[Case]
    pairs: Pairs
    own: Sequence[str]
    written: Sequence[NDArray[np.generic]]
    returned: Sequence[NDArray[np.generic] | None]
    measures: Measures
    response: Response


def choose_batch(size: int, device: torch.device) -> int:
    """Returns how many images of a side go through the networks at once.

    Example:
        >>> [choose_batch(size, torch.device("cpu")) for size in (64, 256, 512, 1024)]
        [64, 16, 4, 1]
    """
    return max(1, min(LARGEST_BATCH, PIXELS[device.type] // size**2))


def translate_batch(setting: Setting, cases: Sequence[Case]) -> list[Translated]:
    """Returns the translated cases; in smaller batches where the device has no room for all at once."""
    try:
        return [translate_cases(setting, cases)]
    except torch.OutOfMemoryError:
        if len(cases) == 1:
            raise
    half = len(cases) // 2
    return [*translate_batch(setting, cases[:half]), *translate_batch(setting, cases[half:])]


def translate_cases(setting: Setting, cases: Sequence[Case]) -> Translated:
    """Returns the translated cases, all at once."""
    translator, intensity = setting.translator, setting.intensity
    image = load_images([case.pixels for case in cases], intensity, translator.device)
    labels = [case.label for case in cases]
    probabilities = compute_domain_probabilities(setting.plan.explained, translator.domains, image)
    targets = choose_targets(translator, setting.target, labels, probabilities)
    said = name_domains(translator, probabilities, len(cases))
    own = [label or name for label, name in zip(labels, said, strict=True)]
    already = [(name or label) == target for name, label, target in zip(said, labels, targets, strict=True)]
    counterfactual = translator.translate(image, targets)
    cycle = translator.translate(counterfactual, [translator.find_other(target) for target in targets])
    if not counterfactual.isfinite().all():
        raise UserError(f"translations of run {translator.run.path} are not finite: choose another --checkpoint.")
    written = add_changes(setting, cases, counterfactual - image)
    back = zip(add_changes(setting, cases, cycle - image), cycle.isfinite().all(dim=(1, 2, 3)).tolist(), strict=True)
    again = [read_back(case, one, setting.geometry) for case, one in zip(cases, written, strict=True)]
    masks = [np.zeros(case.pixels.shape, bool) if case.mask is None else case.mask for case in cases]
    pairs = Pairs(
        image=image,
        counterfactual=counterfactual,
        cycle=cycle,
        identity=translator.translate(image, own),
        written=load_images(again, intensity, translator.device),
        target=np.array(targets),
        already=np.array(already),
        mask=np.stack(masks),
        padding=np.stack([case.padding for case in cases]),
    )
    returned = [one if known else None for one, known in back]
    return Translated(cases, pairs, own, written, returned, *measure_pairs(pairs, setting.plan))


def load_images(pixels: Sequence[NDArray[np.generic]], intensity: IntensityMap, device: torch.device) -> Tensor:
    """Returns pictures in stored units, (S, S) each, as images in network range, shape (B, 1, S, S)."""
    return torch.from_numpy(intensity.to_network(np.stack(pixels)))[:, None].to(device)


def add_changes(setting: Setting, cases: Sequence[Case], change: Tensor) -> list[NDArray[np.generic]]:
    """Returns every source with its change, in its own geometry and units.

    Args:
        setting: Of the intensity map, and how the sources came to the square.
        cases: B images.
        change: In network units, shape (B, 1, S, S); NaN counts as no change.
    """
    unit = (setting.intensity.high - setting.intensity.low) / 2
    changes = change[:, 0].nan_to_num().double().cpu().numpy() * unit
    return [add_change(case, one, setting.geometry) for case, one in zip(cases, changes, strict=True)]
