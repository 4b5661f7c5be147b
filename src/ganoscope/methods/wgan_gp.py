"""WGAN-GP: a critic estimates the Wasserstein distance to real images, kept smooth by a gradient penalty."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganoscope.contracts import Batch, ImageSpec, Phase, Terms, Traits, observed
from ganoscope.errors import Range, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields
from ganoscope.nets.dcgan import Generator
from ganoscope.nets.wgan_gp import Critic
from ganoscope.objectives.adversarial import wasserstein_fake, wasserstein_real
from ganoscope.objectives.gradient_penalty import gradient_penalty
from ganoscope.objectives.reduction import weighted_mean

RANGES = {
    "latent_dim": Range(1),
    "generator_channels": Range(1),
    "discriminator_channels": Range(1),
    "critic_steps": Range(1),
    "learning_rate": Range(0, 1, above=True, below=True),
    "beta1": Range(0, 1, below=True),
    "penalty_weight": Range(0, above=True),
}


@dataclass(frozen=True)
class Config:
    """Hyper-parameters of WGAN-GP.

    Source: Gulrajani et al. 2017, algorithm 1, https://arxiv.org/abs/1704.00028 (penalty 10, 5 critic steps).
    Differs: the networks are DCGAN's; Adam's first momentum is 0.5; the learning rate is 1e-3 instead of 1e-4, because
        G takes few steps in a short budget (after 40 s on a CPU at 32 px, Frechet distance 10.8; 17.0 with 2e-4; one
        seed); of every five steps, the first also moves the generator, instead of the last.
    """

    latent_dim: int = 100
    """Length of the noise vector z."""
    generator_channels: int = 64
    """Channels of the generator's finest level; coarser levels have up to 8 times as many."""
    discriminator_channels: int = 64
    """Channels of the critic's finest level."""
    learning_rate: float = 1e-3
    """Adam learning rate of both networks."""
    beta1: float = 0.5
    """Adam's first momentum; the second is 0.9."""
    critic_steps: int = 5
    """Critic steps per generator step, each on a new batch."""
    penalty_weight: float = 10.0
    """Factor of the gradient penalty."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: A value is out of range.
        """
        fit_fields(self)
        refuse(list_range_faults(self, RANGES))


@dataclass(frozen=True)
class CriticTerms(Terms):
    """Loss of the critic, and its estimate of the Wasserstein distance: mean score of real minus generated images."""

    real: Tensor
    fake: Tensor
    penalty: Tensor
    distance: Tensor = observed()


@dataclass(frozen=True)
class GeneratorTerms(Terms):
    """Loss of G."""

    adversarial: Tensor


class WGANGP:
    """The two networks and their two phases: the critic at every step, G at every fifth."""

    generators: tuple[str, ...] = ("G",)

    def __init__(self, config: Config, size: int) -> None:
        self.latent_dim, self.classes = config.latent_dim, 0
        self.penalty_weight = config.penalty_weight
        self.G = Generator(size, config.latent_dim, config.generator_channels)
        self.D = Critic(size, config.discriminator_channels)
        self.networks: Mapping[str, nn.Module] = {"G": self.G, "D": self.D}
        self.phases = (
            Phase("critic", ("D",), self.critic_loss, make_adam(self.D, config)),
            Phase("generator", ("G",), self.generator_loss, make_adam(self.G, config), every=config.critic_steps),
        )

    def forward(self, batch: Batch) -> Batch:
        """Returns the batch: each phase draws its own noise, so that only G's phase needs G's graph."""
        return batch

    def critic_loss(self, batch: Batch) -> CriticTerms:
        """Returns the terms that raise the scores of real images above those of generated ones, under the penalty.

        The penalty at a point between a real and a generated image has the weight of the real one.
        """
        real = batch.real
        with torch.no_grad():
            fake = self.draw_fake(real)
        real_score, fake_score = self.score(torch.cat([real, fake])).chunk(2)
        real_loss = weighted_mean(wasserstein_real(real_score), batch.weight)
        fake_loss = wasserstein_fake(fake_score).mean()
        return CriticTerms(
            real=real_loss,
            fake=fake_loss,
            penalty=self.penalty_weight * weighted_mean(gradient_penalty(self.score, real, fake), batch.weight),
            distance=-(real_loss + fake_loss).detach(),
        )

    def generator_loss(self, batch: Batch) -> GeneratorTerms:
        """Returns the term that raises the scores of as many generated images as there are real ones."""
        return GeneratorTerms(adversarial=wasserstein_real(self.score(self.draw_fake(batch.real))).mean())

    def draw_fake(self, real: Tensor) -> Tensor:
        """Returns as many generated images as there are real ones, (B, 1, H, W) in [-1, 1]."""
        fake: Tensor = self.G(torch.randn(len(real), self.latent_dim, device=real.device))
        return fake

    def score(self, image: Tensor) -> Tensor:
        """Returns the critic's scores (B,) for images (B, 1, H, W) in [-1, 1]."""
        scores: Tensor = self.D(image).logits
        return scores


def make_adam(network: nn.Module, config: Config) -> torch.optim.Adam:
    """Returns Adam with the method's momenta, in its fused form: one pass over the parameters."""
    betas = (config.beta1, 0.9)
    return torch.optim.Adam(network.parameters(), lr=config.learning_rate, betas=betas, fused=True)


TRAITS = Traits(
    # G takes one step for five batches: small ones give it more steps, and the average spans as many of them.
    defaults={"batch_size": 16, "ema_half_life_images": 2_500.0},
    relative_scores=True,
    weighting="exact",
    second_derivatives=True,
)


def build(config: Config, spec: ImageSpec) -> WGANGP:
    """Returns WGAN-GP for square images.

    Raises:
        ValueError: The side is not a multiple of 16 from 32 to 512.
    """
    return WGANGP(config, spec.size)
