"""Counterfactual CycleGAN: translates an image into one that a frozen classifier assigns to the other class."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ganoscope.classifiers.fitness import list_store_faults, warn_of_dangers
from ganoscope.classifiers.trained import TrainedClassifier, open_classifier
from ganoscope.contracts import Domains, ImageSpec, Terms
from ganoscope.data.store import Store
from ganoscope.errors import Range, UserError, describe, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields
from ganoscope.methods import cyclegan
from ganoscope.methods.cyclegan import CycleGAN, Step
from ganoscope.nets.image_generators import GeneratorName
from ganoscope.objectives.counterfactual import counterfactual

RANGES = {**cyclegan.RANGES, "counterfactual_weight": Range(0)}


@dataclass(frozen=True)
class Config:
    r"""Hyper-parameters of the counterfactual CycleGAN.

    CycleGAN's objective and, for a frozen classifier C that gives probabilities, with the one-hot code e of a class,

    .. math:: \|C(G_{ab}(a)) - e_b\|_2^2 + \|C(G_{ba}(b)) - e_a\|_2^2

    The domains are two of C's classes, of which there may be more.

    Source: Mertes et al. 2022, GANterfactual, https://arxiv.org/abs/2012.11905 (the counterfactual loss); the
        weights 10, 1 and 1 are this project's own; the rest is this project's CycleGAN, see there.
    """

    classifier: Path | None = None
    """Run folder of the classifier to explain, trained by ganoscope classify on the same store. Required."""
    counterfactual_weight: float = 1.0
    """Weight of the squared distance between the classifier's probabilities and certainty of the other class."""
    generator: GeneratorName = "resnet"
    """Generator network. resnet: residual blocks at a quarter of the side redraw the image; attention_resunet: a U-Net
    with attention gates computes a change to add to the image, which learns faster where little has to change."""
    generator_channels: int | None = None
    """Channels of the generators' finest level; by default 64 for resnet, 32 for attention_resunet."""
    discriminator_channels: int = 64
    """Channels of the discriminators' finest level; coarser levels have up to 8 times as many."""
    cycle_weight: float = 10.0
    """Weight of the L1 distance between an image and its translation there and back."""
    identity_weight: float = 1.0
    """Weight of the L1 distance between an image of the target domain and its translation; 0 saves 1/3 of a step."""
    history_images: int = 50
    """Number of earlier generated images that replace new ones half the time for each discriminator; 0 for none."""
    learning_rate: float = 2e-4
    """Adam learning rate of all networks."""
    beta1: float = 0.5
    """Adam's first momentum; the second is 0.999."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: A value is out of range.
        """
        fit_fields(self)
        refuse(list_range_faults(self, RANGES))


@dataclass(frozen=True)
class GeneratorTerms(Terms):
    """Losses of G_ab and G_ba: CycleGAN's terms and the counterfactual loss of the translations."""

    adversarial_ab: Tensor
    adversarial_ba: Tensor
    cycle_a: Tensor
    cycle_b: Tensor
    identity_a: Tensor
    identity_b: Tensor
    counterfactual_ab: Tensor
    counterfactual_ba: Tensor


class CounterfactualCycleGAN:
    """A CycleGAN whose generators also learn from the classifier, which is opened for the first batch."""

    generators: tuple[str, ...] = CycleGAN.generators
    latent_dim, classes = 0, 0

    def __init__(self, config: Config, spec: ImageSpec) -> None:
        self.config, self.domains = config, spec.domains
        own = {field.name: getattr(config, field.name) for field in fields(cyclegan.Config)}
        self.translation = cyclegan.build(cyclegan.Config(**own), spec)
        self.networks: Mapping[str, nn.Module] = self.translation.networks
        self.classifier: TrainedClassifier | None = None
        generator, discriminator = self.translation.phases
        self.phases = (replace(generator, loss=self.generator_loss), discriminator)

    def forward(self, batch: Domains) -> Step:
        """Returns all translations, as CycleGAN does."""
        if self.classifier is None:
            self.classifier = open_classifier(require_classifier(self.config), str(batch.a.device))
        return self.translation.forward(batch)

    def generator_loss(self, step: Step) -> GeneratorTerms:
        """Returns CycleGAN's terms and the counterfactual losses."""
        terms = self.translation.generator_loss(step)
        a, b = self.domains
        return GeneratorTerms(
            **{field.name: getattr(terms, field.name) for field in fields(terms)},
            counterfactual_ab=self.compute_counterfactual_loss(step.fake_b, b),
            counterfactual_ba=self.compute_counterfactual_loss(step.fake_a, a),
        )

    def compute_counterfactual_loss(self, fake: Tensor, target: str) -> Tensor:
        """Returns the weighted counterfactual loss of images (B, 1, H, W) in [-1, 1] for a target class."""
        assert self.classifier is not None
        code = self.classifier.record.classes.index(target)
        codes = torch.full((len(fake),), code, device=fake.device)
        loss = counterfactual(self.classifier.compute_probabilities(fake), codes)
        return self.config.counterfactual_weight * loss.mean()


def require_classifier(config: Config) -> Path:
    """Returns the classifier's folder.

    Raises:
        UserError: None is given.
    """
    if config.classifier is None:
        fault = "method cyclegan_counterfactual needs the classifier to explain"
        allowed = "--classifier with the run folder of a classifier of the same store"
        raise UserError(describe(fault, "none", allowed, "Train one first: ganoscope classify STORE RUN"))
    return Path(config.classifier)


def check(config: Config, store: Store, spec: ImageSpec) -> None:
    """Refuses a classifier that does not fit the store or the domains; all faults at once.

    Args:
        config: Hyper-parameters of the method.
        store: Store to train on.
        spec: Properties of its images.

    Raises:
        UserError: No classifier is given; it is damaged; it was trained on another store, other classes, sizes or
            intensities; or a domain is not one of its classes.
    """
    classifier = open_classifier(require_classifier(config))
    warn_of_dangers(classifier.path)
    faults = list_store_faults(classifier, store, "classifier")
    known = classifier.record.classes
    unknown = [name for name in spec.domains if name not in known]
    if unknown:
        fault = f"classifier {classifier.path} does not know the domains as classes"
        remedy = "Translate between two classes of one store: --domains A B, without --target-store."
        faults.append(describe(fault, ", ".join(unknown), ", ".join(known), remedy))
    refuse(faults)


TRAITS = replace(cyclegan.TRAITS, check=check)


def build(config: Config, spec: ImageSpec) -> CounterfactualCycleGAN:
    """Returns the counterfactual CycleGAN for square images.

    No file is read: a run can translate without its classifier.

    Raises:
        ValueError: The side is not a multiple of 4 from 24 (resnet) or of 16 from 32 (attention_resunet).
    """
    return CounterfactualCycleGAN(config, spec)
