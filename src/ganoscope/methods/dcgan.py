"""DCGAN: the deep convolutional GAN, trained with binary cross-entropy on logits."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganoscope.contracts import Batch, ImageSpec, Phase, Terms, observed
from ganoscope.errors import Range, list_range_faults, refuse
from ganoscope.nets.dcgan import Discriminator, Generator
from ganoscope.objectives.adversarial import bce_fake, bce_real

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
    """Of Adam, for both networks."""
    beta1: float = 0.5
    """Adam's first momentum; the second is 0.999."""
    label_smoothing: float = 0.9
    """Target of the discriminator for real images: 0.9 is one-sided smoothing, 1 is none."""

    instance_noise: float = 0.1
    """Standard deviation of the noise on all that the discriminator sees in training, in network range; 0 is none.

    Without it, the exact black around scans tells real images from generated ones, and little else is learned.
    """

    def __post_init__(self) -> None:
        """Checks every value."""
        refuse(list_range_faults(self, RANGES))


@dataclass(frozen=True)
class Step:
    """What both phases share: real images, and generated ones with their graph; each (B, 1, H, W) in [-1, 1]."""

    real: Tensor
    fake: Tensor


@dataclass(frozen=True)
class DiscriminatorTerms(Terms):
    """Loss of D, and its mean opinion as probabilities: D(x) and D(G(z)) before this step."""

    real: Tensor
    fake: Tensor
    d_real: Tensor = observed()
    d_fake: Tensor = observed()


@dataclass(frozen=True)
class GeneratorTerms(Terms):
    """Loss of G: the non-saturating one."""

    adversarial: Tensor


class DCGAN:
    """The two networks and their two phases: first D, then G on the same generated images."""

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
        return Step(batch.real, self.G(z))

    def discriminator_loss(self, step: Step) -> DiscriminatorTerms:
        """Returns the terms that make D say real to real images and generated to generated ones."""
        real = self.judge(step.real)
        fake = self.judge(step.fake.detach())
        return DiscriminatorTerms(
            real=bce_real(real, self.smoothing).mean(),
            fake=bce_fake(fake).mean(),
            d_real=real.float().sigmoid().mean(),
            d_fake=fake.float().sigmoid().mean(),
        )

    def generator_loss(self, step: Step) -> GeneratorTerms:
        """Returns the term that makes D say real to generated images."""
        return GeneratorTerms(adversarial=bce_real(self.judge(step.fake)).mean())

    def judge(self, image: Tensor) -> Tensor:
        """Returns D's logits (B,) for images in [-1, 1], seen through instance noise."""
        seen = image + self.noise * torch.randn_like(image) if self.noise else image
        logits: Tensor = self.D(seen).logits
        return logits


def make_adam(network: nn.Module, config: Config) -> torch.optim.Adam:
    """Returns Adam with the method's momenta, in its fused form: one pass over the parameters."""
    betas = (config.beta1, 0.999)
    return torch.optim.Adam(network.parameters(), lr=config.learning_rate, betas=betas, fused=True)


def build(config: Config, spec: ImageSpec) -> DCGAN:
    """Returns DCGAN for square images: sides that are multiples of 16 from 32 to 512; raises ValueError otherwise."""
    return DCGAN(config, spec.size)
