"""A trained translation: what its generators translate to, and which target an image gets."""

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
"""Position of the domain that each generator translates to."""


@dataclass(frozen=True)
class Translator:
    """The generators of a translation.

    Attributes:
        run: The run that they are of.
        generators: By the name of the domain that they translate to.
        device: Where they compute.
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

    @torch.no_grad()
    def translate(self, image: Tensor, targets: Sequence[str]) -> Tensor:
        """Returns images (B, 1, H, W) in [-1, 1], each translated to its target; NaN where nothing translates there."""
        translated = torch.full_like(image, torch.nan)
        for target in {*targets} & {*self.generators}:
            chosen = torch.tensor([name == target for name in targets], device=image.device)
            translated[chosen] = self.generators[target](image[chosen]).float()
        return translated


def open_translator(run: TrainedRun, device: str) -> Translator:
    """Returns the generators of a run.

    Raises:
        UserError: The run makes images of noise.
    """
    domains = run.record.domains
    if not domains:
        raise UserError(
            f"run {run.path} translates nothing: method {run.record.method} makes images of noise. Use `ganoscope "
            "generate RUN OUT` for images and `ganoscope explain` for its discriminator, or train a method that "
            "translates."
        )
    generators = {domains[DIRECTIONS[name]]: average for name, average in run.averages.items()}
    return Translator(run, generators, torch.device(device))


def refuse_target(translator: Translator, target: str) -> None:
    """Refuses a target that no generator translates to; none given is no fault."""
    if target and target not in translator.generators:
        fault = f"--target is no domain that run {translator.run.path} translates to"
        raise UserError(describe(fault, target, ", ".join(translator.generators), "Choose one."))


def choose_targets(
    translator: Translator, wanted: str, labels: Sequence[str], probabilities: NDArray[np.float64] | None
) -> list[str]:
    """Returns the target of each image: the one asked for, the only one, or the other one than the image's own.

    Args:
        translator: What can be reached.
        wanted: Target of all images, or "".
        labels: Domain of each image, or "".
        probabilities: Of domain A and domain B by the explained classifier, shape (B, 2); None without one.

    Raises:
        UserError: Nothing says what an image is.
    """
    if wanted or len(translator.generators) == 1:
        return [wanted or next(iter(translator.generators))] * len(labels)
    if probabilities is not None:
        return [translator.domains[code] for code in probabilities.argmin(axis=1).tolist()]
    if not all(labels):
        allowed = ", ".join(translator.generators)
        remedy = "Name it with --target, or give the classifier that is to be explained with --classifier."
        raise UserError(describe("the target of an image is not known", "no label, no classifier", allowed, remedy))
    return [translator.find_other(label) for label in labels]


def name_domains(translator: Translator, probabilities: NDArray[np.float64] | None, count: int) -> list[str]:
    """Returns the domain that the explained classifier takes each of `count` images for; "" without a classifier."""
    if probabilities is None:
        return [""] * count
    return [translator.domains[code] for code in probabilities.argmax(axis=1).tolist()]


@torch.no_grad()
def compute_domain_probabilities(
    classifier: TrainedClassifier | None, domains: Sequence[str], image: Tensor
) -> NDArray[np.float64] | None:
    """Returns a classifier's probabilities of domain A and domain B, shape (B, 2); None without a classifier."""
    if classifier is None:
        return None
    columns = [classifier.record.classes.index(name) for name in domains]
    found: NDArray[np.float64] = classifier.compute_probabilities(image)[:, columns].double().cpu().numpy()
    return found
