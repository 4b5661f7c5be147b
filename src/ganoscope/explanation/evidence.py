"""Everything that is computed about a discriminator, once: scores, maps, regions, and the checks of the maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganoscope.contracts import Explanation, Target
from ganoscope.explanation.checks.deletion import Curves, compute_curves
from ganoscope.explanation.checks.randomisation import Randomisation, check_randomisation
from ganoscope.explanation.feature_attribution import ExplainerModule
from ganoscope.explanation.layers import find_cell_px
from ganoscope.explanation.regions import Attention, find_anatomy, find_margin, measure_attention, split_regions
from ganoscope.explanation.subjects import Subjects
from ganoscope.explanation.targets import TARGETS, compute_scores, why_real
from ganoscope.progress import ProgressBar

CHECKED = 32
"""Images per set that the randomisation and deletion checks use: they cost many passes per image."""


@dataclass(frozen=True)
class Evidence:
    """What is known about one set of images.

    Attributes:
        subjects: The images.
        layer: Name of the explained layer.
        logits: Raw scores of the discriminator, shape (N,); above 0 means real.
        relative: Whether only differences between the scores are meaningful, so that 0 is no border.
        regions: Region of every pixel, shape (N, H, W).
        margins: Dark bars at the edges, shape (N, H, W), see `find_margin`.
        maps: Heat maps by target, shape (N, H, W).
        attention: Where the maps lie, by target.
        curves: Deletion and insertion curves of the first `CHECKED` images, by target.
    """

    subjects: Subjects
    layer: str
    logits: NDArray[np.float64]
    relative: bool
    regions: NDArray[np.uint8]
    margins: NDArray[np.bool_]
    maps: Mapping[str, NDArray[np.float32]]
    attention: Mapping[str, Attention]
    curves: Mapping[str, tuple[Curves, Curves]]

    @property
    def probability(self) -> NDArray[np.float64]:
        """Probability that the discriminator gives to real, shape (N,); NaN where scores are relative."""
        return np.full(len(self.logits), np.nan) if self.relative else 1 / (1 + np.exp(-self.logits))

    @property
    def checked(self) -> int:
        """Number of images that the checks used."""
        return min(CHECKED, len(self.logits))

    def is_empty(self, target: str) -> NDArray[np.bool_]:
        """Tells which of a target's maps are all zero, shape (N,)."""
        return np.asarray(self.maps[target].max((1, 2)) <= 0)


@dataclass(frozen=True)
class Answer:
    """All evidence about one discriminator.

    Attributes:
        real: About held-out real images.
        generated: About generated images.
        randomisation: By target; over the checked real images, followed by the checked generated ones.
        cell_px: Side of one cell of the explained layer's map, in pixels of the image; 0 where the layer gives no map.
    """

    real: Evidence
    generated: Evidence
    randomisation: Mapping[str, Randomisation]
    cell_px: float = 0.0

    @property
    def sets(self) -> tuple[Evidence, Evidence]:
        """Both sets: real, then generated."""
        return self.real, self.generated

    def checked(self, one: Evidence) -> slice:
        """Returns where a set lies in the arrays of `randomisation`."""
        return slice(0, self.real.checked) if one is self.real else slice(self.real.checked, None)


def collect(
    network: nn.Module,
    subjects: tuple[Subjects, Subjects],
    explainer: ExplainerModule,
    config: Any,
    relative: bool,
    seed: int,
) -> Answer:
    """Returns all evidence about a discriminator, which is left unchanged.

    Args:
        network: From images to logits: (B,), (B, 1), or an object with `.logits`.
        subjects: Real and generated images.
        explainer: A module of `feature_attribution`.
        config: Its configuration.
        relative: Whether only differences between the network's scores are meaningful.
        seed: Random seed of the checks.
    """
    real, generated = (gather(network, one, explainer, config, relative, seed) for one in subjects)
    images = torch.from_numpy(np.concatenate([one.images[:CHECKED] for one in subjects]))

    def explain(copy: nn.Module, target: Target) -> Explanation:
        return explainer.explain(copy, images, target, config)

    checks = {}
    with ProgressBar("checking the maps by randomising weights", len(images) * len(TARGETS)) as bar:
        for name, make_target in TARGETS.items():
            checks[name] = check_randomisation(network, images, make_target, explain, seed)
            bar.advance(len(images))
    cell_px = find_cell_px(network, images[:1], why_real(network), real.layer)
    return Answer(real, generated, checks, cell_px)


def gather(
    network: nn.Module, subjects: Subjects, explainer: ExplainerModule, config: Any, relative: bool, seed: int
) -> Evidence:
    """Returns the evidence about one set of images.

    Args:
        network: The discriminator.
        subjects: The images.
        explainer: A module of `feature_attribution`.
        config: Its configuration.
        relative: Whether only differences between the network's scores are meaningful.
        seed: Random seed of the checks.
    """
    images = torch.from_numpy(subjects.images)
    regions = np.stack([split_regions(find_anatomy(image[0])) for image in subjects.images])
    maps, curves, layer = {}, {}, ""
    with ProgressBar(f"explaining {subjects.name}", len(images) * len(TARGETS)) as bar:
        for name, make_target in TARGETS.items():
            target = make_target(network)
            explanation = explainer.explain(network, images, target, config)
            maps[name], layer = explanation.maps.numpy(), explanation.layer
            curves[name] = compute_curves(network, subjects.images[:CHECKED], maps[name][:CHECKED], target, seed)
            bar.advance(len(images))
    return Evidence(
        subjects=subjects,
        layer=layer,
        logits=compute_scores(network, images, why_real(network)).double().numpy(),
        relative=relative,
        regions=regions,
        margins=np.stack([find_margin(image[0]) for image in subjects.images]),
        maps=maps,
        attention={name: measure_attention(maps[name], regions, subjects.groups) for name in TARGETS},
        curves=curves,
    )
