"""DCGAN: the deep convolutional GAN, trained with binary cross-entropy on logits."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganoscope.contracts import Batch, ImageSpec, Phase, Terms, Traits, observed
from ganoscope.errors import Range, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields
from ganoscope.nets.dcgan import Discriminator, Generator
from ganoscope.nets.parts.instance_noise import add_instance_noise
from ganoscope.objectives.adversarial import bce_fake, bce_real
from ganoscope.objectives.reduction import weighted_mean

RANGES = {
    "latent_dim": Range(1),
    "generator_channels": Range(1),
    "discriminator_channels": Range(1),
    "learning_rate": Range(0, 1, above=True, below=True),
    "beta1": Range(0, 1, below=True),
    "label_smoothing": Range(0.5, 1, above=True),
    "instance_noise": Range(0, 1, below=True),
}


@dataclass(frozen=True)
class Config:
    """Hyper-parameters of DCGAN.

    Source: Radford, Metz, Chintala 2016, https://arxiv.org/abs/1511.06434 (sect. 4: Adam 2e-4, beta1 0.5, noise 100);
        one-sided label smoothing 0.9 from Salimans et al. 2016, https://arxiv.org/abs/1606.03498; instance noise from
        Sonderby et al. 2017, sect. 3.3, https://arxiv.org/abs/1610.04490.
    Differs: the noise is standard normal, not uniform; the generator is used through its moving average.
    """

    latent_dim: int = 100
    """Length of the noise vector z."""
    generator_channels: int = 64
    """Channels of the generator's finest level; coarser levels have up to 8 times as many."""
    discriminator_channels: int = 64
    """Channels of the discriminator's finest level."""
    learning_rate: float = 2e-4
    """Adam learning rate of both networks."""
    beta1: float = 0.5
    """Adam's first momentum; the second is 0.999."""
    label_smoothing: float = 0.9
    """Discriminator target for real images; below 1 is one-sided label smoothing."""

    instance_noise: float = 0.1
    """Standard deviation of Gaussian noise on all discriminator inputs in training, in network range; 0 for none.

    Without it, the discriminator tells real images by the exact black around scans and learns little else.
    """

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
        fake: Generated images with their graph, same shape.
        weight: Weights of the real images, shape (B,); None for 1 each.
    """

    real: Tensor
    fake: Tensor
    weight: Tensor | None


@dataclass(frozen=True)
class DiscriminatorTerms(Terms):
    """Loss of D, and its mean probabilities of real, D(x) and D(G(z)), before this step."""

    real: Tensor
    fake: Tensor
    d_real: Tensor = observed()
    d_fake: Tensor = observed()


@dataclass(frozen=True)
class GeneratorTerms(Terms):
    """Non-saturating loss of G."""

    adversarial: Tensor


class DCGAN:
    """The two networks and their two phases: first D, then G on the same generated images."""

    generators: tuple[str, ...] = ("G",)

    def __init__(self, config: Config, size: int) -> None:
        self.latent_dim, self.classes = config.latent_dim, 0
        self.smoothing = config.label_smoothing
        self.noise = config.instance_noise
        self.G = Generator(size, config.latent_dim, config.generator_channels)
        self.D = Discriminator(size, config.discriminator_channels)
        self.networks: Mapping[str, nn.Module] = {"G": self.G, "D": self.D}
        self.phases = (
            Phase("discriminator", ("D",), self.discriminator_loss, make_adam(self.D, config)),
            Phase("generator", ("G",), self.generator_loss, make_adam(self.G, config)),
        )

    def forward(self, batch: Batch) -> Step:
        """Returns the real images and as many generated ones: one pass of G serves both phases."""
        z = torch.randn(len(batch.real), self.latent_dim, device=batch.real.device)
        return Step(batch.real, self.G(z), batch.weight)

    def discriminator_loss(self, step: Step) -> DiscriminatorTerms:
        """Returns the terms by which D learns to classify real images as real and generated ones as generated."""
        real = self.discriminate(step.real)
        fake = self.discriminate(step.fake.detach())
        return DiscriminatorTerms(
            real=weighted_mean(bce_real(real, self.smoothing), step.weight),
            fake=bce_fake(fake).mean(),
            d_real=real.float().sigmoid().mean(),
            d_fake=fake.float().sigmoid().mean(),
        )

    def generator_loss(self, step: Step) -> GeneratorTerms:
        """Returns the term by which G learns to make D classify generated images as real."""
        return GeneratorTerms(adversarial=bce_real(self.discriminate(step.fake)).mean())

    def discriminate(self, image: Tensor) -> Tensor:
        """Returns D's logits (B,) for images (B, 1, H, W) in [-1, 1] plus instance noise."""
        seen = add_instance_noise(image, self.noise)
        logits: Tensor = self.D(seen).logits
        return logits


def make_adam(network: nn.Module, config: Config) -> torch.optim.Adam:
    """Returns Adam with the method's momenta, in its fused form: one pass over the parameters."""
    betas = (config.beta1, 0.999)
    return torch.optim.Adam(network.parameters(), lr=config.learning_rate, betas=betas, fused=True)


TRAITS = Traits(weighting="loss")


def build(config: Config, spec: ImageSpec) -> DCGAN:
    """Returns DCGAN for square images.

    Raises:
        ValueError: The side is not a multiple of 16 from 32 to 512.
    """
    return DCGAN(config, spec.size)
