"""The generators of a trained translation, and the target of each image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.errors import UserError, describe
from ganoscope.training.run_folder.trained_run import TrainedRun

DIRECTIONS = {"G_ab": 1, "G_ba": 0}
"""Position of the target domain of each generator."""


@dataclass(frozen=True)
class Translator:
    """The generators of a translation.

    Attributes:
        run: The run.
        generators: Generators by the name of their target domain.
        device: Device of the generators.
    """

    run: TrainedRun
    generators: Mapping[str, nn.Module]
    device: torch.device

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of domains A and B."""
        return self.run.record.domains

    def find_other(self, domain: str) -> str:
        """Returns the other domain's name."""
        return self.domains[1 - self.domains.index(domain)]

    def name_direction(self, target: str) -> str:
        """Returns the direction of a translation to a domain, such as `normal to pneumonia`."""
        return f"{self.find_other(target)} to {target}"

    @property
    def directions(self) -> tuple[str, ...]:
        """Every direction that a generator translates in."""
        return tuple(self.name_direction(target) for target in self.generators)

    @torch.no_grad()
    def translate(self, image: Tensor, targets: Sequence[str]) -> Tensor:
        """Returns images (B, 1, H, W) in [-1, 1], each translated to its target; NaN where no generator does that."""
        translated = torch.full_like(image, torch.nan)
        for target in {*targets} & {*self.generators}:
            chosen = torch.tensor([name == target for name in targets], device=image.device)
            translated[chosen] = self.generators[target](image[chosen]).float()
        return translated


def open_translator(run: TrainedRun, device: str) -> Translator:
    """Returns the generators of a run.

    Raises:
        UserError: The run generates images from noise.
    """
    domains = run.record.domains
    if not domains:
        raise UserError(
            f"run {run.path} does not translate images: method {run.record.method} generates images from noise. Use "
            "`ganoscope generate RUN OUT` for images and `ganoscope explain` for its discriminator, or train a method "
            "that translates."
        )
    generators = {domains[DIRECTIONS[name]]: average for name, average in run.averages.items()}
    return Translator(run, generators, torch.device(device))


def refuse_target(translator: Translator, target: str) -> None:
    """Refuses a target that no generator translates to; "" is allowed.

    Raises:
        UserError: There is no such generator.
    """
    if target and target not in translator.generators:
        fault = f"--target is not a domain that run {translator.run.path} translates to"
        raise UserError(describe(fault, target, ", ".join(translator.generators), "Choose one."))


def choose_targets(
    translator: Translator, wanted: str, labels: Sequence[str], probabilities: NDArray[np.float64] | None
) -> list[str]:
    """Returns the target of each image: the requested one, the only one, or the one that it does not belong to.

    Args:
        translator: The generators.
        wanted: Target of all images; "" to choose by image.
        labels: Domain of each image; "" where unknown.
        probabilities: Probabilities of domains A and B by the explained classifier, shape (B, 2); None without one.

    Raises:
        UserError: The domain of an image is not known.
    """
    if wanted or len(translator.generators) == 1:
        return [wanted or next(iter(translator.generators))] * len(labels)
    if probabilities is not None:
        return [translator.domains[code] for code in probabilities.argmin(axis=1).tolist()]
    if not all(labels):
        allowed = ", ".join(translator.generators)
        remedy = "Name it with --target, or name the classifier to explain with --classifier."
        raise UserError(describe("the target of an image is not known", "no label, no classifier", allowed, remedy))
    return [translator.find_other(label) for label in labels]


def name_domains(translator: Translator, probabilities: NDArray[np.float64] | None, count: int) -> list[str]:
    """Returns the domain that the explained classifier predicts for each image; "" without a classifier.

    Args:
        translator: The domains.
        probabilities: Probabilities of domains A and B, shape (B, 2); None without a classifier.
        count: B, the number of images.
    """
    if probabilities is None:
        return [""] * count
    return [translator.domains[code] for code in probabilities.argmax(axis=1).tolist()]


@torch.no_grad()
def compute_domain_probabilities(
    classifier: TrainedClassifier | None, domains: Sequence[str], image: Tensor
) -> NDArray[np.float64] | None:
    """Returns a classifier's probabilities of domains A and B, shape (B, 2); None without a classifier.

    Args:
        classifier: The classifier, or None.
        domains: Names of domains A and B.
        image: Network range, shape (B, 1, H, W).
    """
    if classifier is None:
        return None
    columns = [classifier.record.classes.index(name) for name in domains]
    found: NDArray[np.float64] = classifier.compute_probabilities(image)[:, columns].double().cpu().numpy()
    return found
