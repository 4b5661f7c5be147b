"""Counterfactual CycleGAN: translates an image into what a frozen classifier takes for the other class."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ganoscope.classifiers.fitness import list_store_faults
from ganoscope.classifiers.trained import TrainedClassifier, open_classifier
from ganoscope.contracts import Domains, ImageSpec, Terms
from ganoscope.data.store import Store
from ganoscope.errors import Range, UserError, describe, list_range_faults, refuse
from ganoscope.methods import cyclegan
from ganoscope.methods.cyclegan import CycleGAN, Step
from ganoscope.nets.image_generators import GeneratorName
from ganoscope.objectives.counterfactual import counterfactual

TRANSLATES = True

DEFAULTS = cyclegan.DEFAULTS

RANGES = {**cyclegan.RANGES, "counterfactual_weight": Range(0)}


@dataclass(frozen=True)
class Config:
    r"""Hyper-parameters of the counterfactual CycleGAN.

    CycleGAN's objective and, for a frozen classifier C that gives probabilities, with the one-hot code e of a class,

    .. math:: \|C(G_{ab}(a)) - e_b\|_2^2 + \|C(G_{ba}(b)) - e_a\|_2^2

    The domains are two of C's classes; it may know more.

    Source: Mertes et al. 2022, GANterfactual, https://arxiv.org/abs/2012.11905 (the counterfactual loss); the
        weights 10, 1 and 1 are this project's own; the rest is this project's CycleGAN, see there.
    """

    classifier: Path | None = None
    """Run folder of the classifier to be explained, made by ganoscope classify on the same store. Always needed."""
    counterfactual_weight: float = 1.0
    """Of the squared distance between the classifier's probabilities and certainty of the other class."""
    generator: GeneratorName = "resnet"
    """resnet: residual blocks at a quarter of the side make the image anew; attention_resunet: a U-Net with attention
    gates makes what is added to it, which learns faster where little is to change."""
    generator_channels: int | None = None
    """Channels of the generators' finest level; where it is not given, 64 for resnet, 32 for attention_resunet."""
    discriminator_channels: int = 64
    """Channels of the discriminators' finest level; coarser levels have up to 8 times as many."""
    cycle_weight: float = 10.0
    """Of the L1 distance between an image and itself after both translations."""
    identity_weight: float = 1.0
    """Of the L1 distance that a translation moves an image of its target domain; 0 saves a third of a step."""
    history_images: int = 50
    """Generated images of the past that each discriminator is shown half the time; 0 for none."""
    learning_rate: float = 2e-4
    """Of Adam, for all networks."""
    beta1: float = 0.5
    """Adam's first momentum; the second is 0.999."""

    def __post_init__(self) -> None:
        """Checks every value."""
        given = {name: allowed for name, allowed in RANGES.items() if getattr(self, name) is not None}
        refuse(list_range_faults(self, given))


@dataclass(frozen=True)
class GeneratorTerms(Terms):
    """Losses of G_ab and G_ba: CycleGAN's, and what the classifier says of the translations."""

    adversarial_ab: Tensor
    adversarial_ba: Tensor
    cycle_a: Tensor
    cycle_b: Tensor
    identity_a: Tensor
    identity_b: Tensor
    counterfactual_ab: Tensor
    counterfactual_ba: Tensor


class CounterfactualCycleGAN:
    """A CycleGAN whose generators also listen to the classifier, which is opened when the first images come."""

    generators = CycleGAN.generators

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
        """Returns CycleGAN's terms, and those that make the classifier say the target domain's class."""
        terms = self.translation.generator_loss(step)
        a, b = self.domains
        return GeneratorTerms(
            **{field.name: getattr(terms, field.name) for field in fields(terms)},
            counterfactual_ab=self.convince(step.fake_b, b),
            counterfactual_ba=self.convince(step.fake_a, a),
        )

    def convince(self, fake: Tensor, target: str) -> Tensor:
        """Returns the counterfactual term of images (B, 1, H, W) that should be of a class."""
        assert self.classifier is not None
        code = self.classifier.record.classes.index(target)
        codes = torch.full((len(fake),), code, device=fake.device)
        loss = counterfactual(self.classifier.compute_probabilities(fake), codes)
        return self.config.counterfactual_weight * loss.mean()


def require_classifier(config: Config) -> Path:
    """Returns the classifier's folder; raises UserError where none is named."""
    if config.classifier is None:
        fault = "method cyclegan_counterfactual needs the classifier that it is to explain"
        allowed = "--classifier with the run folder of a classifier of the same store"
        raise UserError(describe(fault, "none", allowed, "Train one first: ganoscope classify STORE RUN"))
    return Path(config.classifier)


def check(config: Config, store: Store, spec: ImageSpec) -> None:
    """Refuses a classifier that does not know the store's images or the domains; all faults at once.

    Raises:
        UserError: No classifier is named; it is damaged; it learned from another store, other classes, sizes or
            intensities; or a domain is none of its classes.
    """
    classifier = open_classifier(require_classifier(config))
    faults = list_store_faults(classifier, store, "classifier")
    known = classifier.record.classes
    unknown = [name for name in spec.domains if name not in known]
    if unknown:
        fault = f"classifier {classifier.path} does not know the domains as classes"
        remedy = "Translate between two classes of one store: --domains A B, without --target-store."
        faults.append(describe(fault, ", ".join(unknown), ", ".join(known), remedy))
    refuse(faults)


def build(config: Config, spec: ImageSpec) -> CounterfactualCycleGAN:
    """Returns the counterfactual CycleGAN for square images of the sides that CycleGAN takes; else ValueError.

    No file is touched: a run opens for use where its classifier is gone.
    """
    return CounterfactualCycleGAN(config, spec)
