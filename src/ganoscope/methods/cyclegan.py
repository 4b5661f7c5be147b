"""CycleGAN: translates unpaired images between two domains, so that the way back leads to where it began."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn

from ganoscope.contracts import Domains, ImageSpec, Phase, Terms, observed
from ganoscope.errors import Range, list_range_faults, refuse
from ganoscope.nets.image_generators import GeneratorName, check_side, make_image_generator
from ganoscope.nets.image_pool import ImagePool
from ganoscope.nets.patchgan import PatchGAN
from ganoscope.objectives.adversarial import least_squares_fake, least_squares_real
from ganoscope.objectives.cycle import cycle_l1, identity_l1

TRANSLATES = True

DEFAULTS = {"batch_size": 1, "epochs": 200.0, "schedule": "linear"}
"""As the source: 100 epochs at the full rate, and 100 in which it falls to 0."""

RANGES = {
    "generator_channels": Range(1),
    "discriminator_channels": Range(1),
    "cycle_weight": Range(0),
    "identity_weight": Range(0),
    "history_images": Range(0),
    "learning_rate": Range(0, 1, above=True, below=True),
    "beta1": Range(0, 1, below=True),
}


@dataclass(frozen=True)
class Config:
    """Hyper-parameters of CycleGAN.

    Source: Zhu, Park, Isola, Efros 2017, https://arxiv.org/abs/1703.10593: eq. 1 to 3; sect. 4 (least squares, history
        of 50 images, the discriminators' loss halved, Adam); sect. 5.2 (identity).
    Differs: identity has weight 1 where the source has none, or 5 for paintings; the networks are
        this project's, see `nets.resnet_generator` and `nets.patchgan`.
    """

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
class Step:
    """What both phases share: images (B, 1, H, W) in [-1, 1], generated ones with their graph.

    Attributes:
        a: Images of domain A.
        b: Images of domain B.
        fake_a: Those of B, translated.
        fake_b: Those of A, translated.
        cycle_a: Those of A, there and back.
        cycle_b: Those of B, there and back.
        identity_a: Those of A, as G_ba makes them images of A; None where identity has no weight.
        identity_b: Those of B, as G_ab makes them images of B.
    """

    a: Tensor
    b: Tensor
    fake_a: Tensor
    fake_b: Tensor
    cycle_a: Tensor
    cycle_b: Tensor
    identity_a: Tensor | None
    identity_b: Tensor | None


@dataclass(frozen=True)
class DiscriminatorTerms(Terms):
    """Losses of D_a and D_b, and their mean scores of real and generated patches: 1 and 0 where they know them all."""

    real_a: Tensor
    fake_a: Tensor
    real_b: Tensor
    fake_b: Tensor
    d_real: Tensor = observed()
    d_fake: Tensor = observed()


@dataclass(frozen=True)
class GeneratorTerms(Terms):
    """Losses of G_ab and G_ba."""

    adversarial_ab: Tensor
    adversarial_ba: Tensor
    cycle_a: Tensor
    cycle_b: Tensor
    identity_a: Tensor
    identity_b: Tensor


class CycleGAN:
    """The four networks, the two histories, and two phases: first both generators, then both discriminators."""

    generators = ("G_ab", "G_ba")

    def __init__(self, config: Config, size: int) -> None:
        self.config = config
        self.G_ab, self.G_ba = (make_image_generator(config.generator, config.generator_channels) for _ in range(2))
        self.D_a, self.D_b = (PatchGAN(config.discriminator_channels, spectral_norm=False) for _ in range(2))
        self.past_a, self.past_b = (ImagePool(config.history_images, size) for _ in range(2))
        self.networks: Mapping[str, nn.Module] = {
            "G_ab": self.G_ab,
            "G_ba": self.G_ba,
            "D_a": self.D_a,
            "D_b": self.D_b,
            "past_a": self.past_a,
            "past_b": self.past_b,
        }
        adam_g, adam_d = make_adam([self.G_ab, self.G_ba], config), make_adam([self.D_a, self.D_b], config)
        self.phases = (
            Phase("generator", ("G_ab", "G_ba"), self.generator_loss, adam_g),
            Phase("discriminator", ("D_a", "D_b"), self.discriminator_loss, adam_d),
        )

    def forward(self, batch: Domains) -> Step:
        """Returns all translations: every image goes through each generator once, what shares a generator together."""
        a, b = batch.a, batch.b
        fake_b, identity_b = self.translate(self.G_ab, a, b)
        fake_a, identity_a = self.translate(self.G_ba, b, a)
        return Step(a, b, fake_a, fake_b, self.G_ba(fake_b), self.G_ab(fake_a), identity_a, identity_b)

    def translate(self, generator: nn.Module, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor | None]:
        """Returns images of the source domain translated, and what becomes of those of the target domain."""
        if not self.config.identity_weight:
            return generator(source), None
        fake, identity = generator(torch.cat([source, target])).chunk(2)
        return fake, identity

    def generator_loss(self, step: Step) -> GeneratorTerms:
        """Returns the terms that make translations look real, lead back, and leave alone what is there already."""
        weight = self.config.cycle_weight
        return GeneratorTerms(
            adversarial_ab=least_squares_real(self.D_b(step.fake_b).patches).mean(),
            adversarial_ba=least_squares_real(self.D_a(step.fake_a).patches).mean(),
            cycle_a=weight * cycle_l1(step.cycle_a, step.a).mean(),
            cycle_b=weight * cycle_l1(step.cycle_b, step.b).mean(),
            identity_a=self.weigh_identity(step.identity_a, step.a),
            identity_b=self.weigh_identity(step.identity_b, step.b),
        )

    def weigh_identity(self, identity: Tensor | None, real: Tensor) -> Tensor:
        """Returns the identity term of one domain; 0 where it has no weight."""
        if identity is None:
            return real.new_zeros(())
        return self.config.identity_weight * identity_l1(identity, real).mean()

    def discriminator_loss(self, step: Step) -> DiscriminatorTerms:
        """Returns the terms that make each D tell real images of its domain from translated ones, present and past."""
        past_a, past_b = self.past_a.exchange(step.fake_a.detach()), self.past_b.exchange(step.fake_b.detach())
        real_a, fake_a = self.D_a(torch.cat([step.a, past_a])).patches.chunk(2)
        real_b, fake_b = self.D_b(torch.cat([step.b, past_b])).patches.chunk(2)
        return DiscriminatorTerms(
            real_a=least_squares_real(real_a).mean() / 2,
            fake_a=least_squares_fake(fake_a).mean() / 2,
            real_b=least_squares_real(real_b).mean() / 2,
            fake_b=least_squares_fake(fake_b).mean() / 2,
            d_real=torch.cat([real_a, real_b]).float().mean(),
            d_fake=torch.cat([fake_a, fake_b]).float().mean(),
        )


def make_adam(networks: Iterable[nn.Module], config: Config) -> torch.optim.Adam:
    """Returns Adam over all parameters of some networks, in its fused form: one pass over the parameters."""
    parameters = chain.from_iterable(network.parameters() for network in networks)
    return torch.optim.Adam(parameters, lr=config.learning_rate, betas=(config.beta1, 0.999), fused=True)


def build(config: Config, spec: ImageSpec) -> CycleGAN:
    """Returns CycleGAN for square images, for resnet multiples of 4 from 24, for attention_resunet of 16 from 32.

    Raises:
        ValueError: They have another size.
    """
    check_side(config.generator, spec.size)
    return CycleGAN(config, spec.size)
