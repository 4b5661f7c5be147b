"""R3GAN: a modern baseline: relativistic pairing loss, R1 and R2 penalties, residual networks."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganoscope.contracts import Batch, ImageSpec, Phase, Terms, Traits, draw, observed
from ganoscope.errors import Range, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields
from ganoscope.nets.r3gan import Discriminator, Generator
from ganoscope.objectives.reduction import weighted_mean
from ganoscope.objectives.relativistic import relativistic_discriminator, relativistic_generator
from ganoscope.objectives.zero_centred_penalty import zero_centred_penalty

RATE_INPUTS = 64
"""Number of inputs at which a layer is trained with exactly the learning rate."""

RANGES = {
    "latent_dim": Range(1),
    "generator_channels": Range(2),
    "discriminator_channels": Range(1),
    "learning_rate": Range(0, 1, above=True, below=True),
    "beta2": Range(0, 1, below=True),
    "penalty_weight": Range(0, above=True),
    "penalty_share": Range(0, 1, above=True),
}


@dataclass(frozen=True)
class Config:
    """Hyper-parameters of R3GAN. It is class-conditional where every training image has a class.

    Source: Huang, Gokaslan, Kuleshov, Tompkin 2024, sect. 3 and 4, https://arxiv.org/abs/2501.05441
    Differs: networks for small budgets (see `nets.r3gan`); the penalties are computed on a share of each batch, which
        leaves their expectation as it is; their weight, the learning rate and Adam's momenta stay constant; both
        networks learn from the same generated images.
    """

    latent_dim: int = 64
    """Length of the noise vector z."""
    generator_channels: int = 32
    """Channels of the generator at half the image's side; coarser levels have up to 8 times as many."""
    discriminator_channels: int = 32
    """Channels of the discriminator's finest level, at half the image's side."""
    learning_rate: float = 1e-3
    """Adam learning rate of layers with 64 inputs, in both networks; scaled by sqrt(64 / inputs) for others."""
    beta2: float = 0.99
    """Adam's second momentum; the first is 0."""
    penalty_weight: float = 0.5
    """Gamma, factor of the R1 and R2 penalties at 64 x 64 pixels; scaled with the number of pixels."""
    penalty_share: float = 0.25
    """Share of each batch on which the penalties are computed; with 1, a step takes a quarter longer."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: A value is out of range.
        """
        fit_fields(self)
        refuse(list_range_faults(self, RANGES))


@dataclass(frozen=True)
class Step:
    """Shared by both phases.

    Attributes:
        real: Real images, shape (B, 1, H, W), in [-1, 1].
        fake: Generated images of the same classes with their graph, same shape.
        label: Class codes, shape (B,); None without classes.
        weight: Weights of the real images, shape (B,); None for 1 each.
    """

    real: Tensor
    fake: Tensor
    label: Tensor | None
    weight: Tensor | None


@dataclass(frozen=True)
class DiscriminatorTerms(Terms):
    """Loss of D, and its accuracy: the share of pairs whose real image has the higher score."""

    adversarial: Tensor
    r1: Tensor
    r2: Tensor
    pairs_right: Tensor = observed()


@dataclass(frozen=True)
class GeneratorTerms(Terms):
    """Loss of G."""

    adversarial: Tensor


class R3GAN:
    """The two networks and their two phases: first D, then G on the same generated images."""

    generators: tuple[str, ...] = ("G",)

    def __init__(self, config: Config, spec: ImageSpec) -> None:
        self.latent_dim, self.classes = config.latent_dim, len(spec.classes)
        self.penalty_weight = config.penalty_weight * (spec.size / 64) ** 2
        self.penalty_share = config.penalty_share
        self.G = Generator(spec.size, config.latent_dim, config.generator_channels, self.classes)
        self.D = Discriminator(spec.size, config.discriminator_channels, self.classes)
        self.networks: Mapping[str, nn.Module] = {"G": self.G, "D": self.D}
        self.phases = (
            Phase("discriminator", ("D",), self.discriminator_loss, make_adam(self.D, config)),
            Phase("generator", ("G",), self.generator_loss, make_adam(self.G, config)),
        )

    def forward(self, batch: Batch) -> Step:
        """Returns the real images and as many generated ones of the same classes."""
        label = batch.label if self.classes else None
        z = torch.randn(len(batch.real), self.latent_dim, device=batch.real.device)
        return Step(batch.real, draw(self.G, z, label), label, batch.weight)

    def discriminator_loss(self, step: Step) -> DiscriminatorTerms:
        """Returns the terms by which D learns to score real images above generated ones, and penalties on its slope.

        Real and generated images share a pass. The penalties are computed at the first images of the batch. A pair has
        the weight of its real image.
        """
        count = max(1, round(len(step.real) * self.penalty_share))
        image = torch.cat([step.real[:count], step.fake[:count].detach()]).requires_grad_()
        logits = self.discriminate(image, repeat(step.label, slice(count)))
        r1, r2 = zero_centred_penalty(logits, image).chunk(2)
        pairs = logits.view(2, -1)
        if count < len(step.real):
            others = torch.cat([step.real[count:], step.fake[count:].detach()])
            pairs = torch.cat(
                [pairs, self.discriminate(others, repeat(step.label, slice(count, None))).view(2, -1)], dim=1
            )
        real, fake = pairs
        return DiscriminatorTerms(
            adversarial=weighted_mean(relativistic_discriminator(real, fake), step.weight),
            r1=self.penalty_weight * weighted_mean(r1, None if step.weight is None else step.weight[:count]),
            r2=self.penalty_weight * r2.mean(),
            pairs_right=(real > fake).float().mean(),
        )

    def generator_loss(self, step: Step) -> GeneratorTerms:
        """Returns the term by which G learns to make D score generated images above real ones."""
        with torch.no_grad():
            real = self.discriminate(step.real, step.label)
        loss = relativistic_generator(real, self.discriminate(step.fake, step.label))
        return GeneratorTerms(adversarial=weighted_mean(loss, step.weight))

    def discriminate(self, image: Tensor, label: Tensor | None) -> Tensor:
        """Returns D's logits (B,) for images (B, 1, H, W) in [-1, 1] and class codes (B,)."""
        logits: Tensor = self.D(image, label).logits
        return logits


def repeat(label: Tensor | None, part: slice) -> Tensor | None:
    """Returns the class codes of a part of the batch twice, shape (2n,): for its real, then its generated images."""
    return None if label is None else label[part].repeat(2)


def make_adam(network: nn.Module, config: Config) -> torch.optim.Adam:
    r"""Returns fused Adam without momentum, with learning rates that suit each layer's width.

    .. math:: \eta_l = \eta \sqrt{64 / n_l}

    with n_l the number of inputs of layer l. Adam moves every weight by about its learning rate, and initial weights
    are the smaller, the more inputs there are: with one rate for all, wide layers would change faster than narrow ones.
    Parameters without inputs, such as biases, have the learning rate itself.

    Source: the ratio of the equalised learning rate: Karras et al. 2018, sect. 4.1,
        https://arxiv.org/abs/1710.10196
    """
    groups: dict[int, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        inputs = parameter[0].numel() if name.endswith("weight") else RATE_INPUTS
        groups.setdefault(inputs, []).append(parameter)
    rates = [
        {"params": parameters, "lr": config.learning_rate * (RATE_INPUTS / inputs) ** 0.5}
        for inputs, parameters in groups.items()
    ]
    return torch.optim.Adam(rates, betas=(0.0, config.beta2), fused=True)


TRAITS = Traits(
    # Batches of 16 and 32 give equal quality after the same time on a CPU; a GPU is used better by larger ones.
    defaults={"batch_size": 16},
    relative_scores=True,
    weighting="exact",
    second_derivatives=True,
)


def build(config: Config, spec: ImageSpec) -> R3GAN:
    """Returns R3GAN for square images.

    Raises:
        ValueError: The side is not a multiple of 16 from 32 to 512.
    """
    return R3GAN(config, spec)
