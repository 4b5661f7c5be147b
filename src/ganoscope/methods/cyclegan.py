"""CycleGAN: unpaired translation between two domains, constrained by translating back to the source image."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn

from ganoscope.contracts import Domains, ImageSpec, Phase, Terms, Traits, observed
from ganoscope.errors import Range, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields
from ganoscope.nets.image_generators import GeneratorName, check_side, make_image_generator
from ganoscope.nets.parts.image_pool import ImagePool
from ganoscope.nets.patchgan import PatchGAN
from ganoscope.objectives.adversarial import least_squares_fake, least_squares_real
from ganoscope.objectives.cycle import cycle_l1, identity_l1

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
class Step:
    """Shared by both phases: images (B, 1, H, W) in [-1, 1], generated ones with their graph.

    Attributes:
        a: Images of domain A.
        b: Images of domain B.
        fake_a: G_ba(b), translations to A.
        fake_b: G_ab(a), translations to B.
        cycle_a: G_ba(G_ab(a)), images of A translated there and back.
        cycle_b: G_ab(G_ba(b)), images of B translated there and back.
        identity_a: G_ba(a); None where identity has no weight.
        identity_b: G_ab(b); None where identity has no weight.
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
    """Losses of D_a and D_b, and their mean scores of real and translated patches: 1 and 0 if they are perfect."""

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

    generators: tuple[str, ...] = ("G_ab", "G_ba")
    latent_dim, classes = 0, 0

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
        """Returns all translations: every image passes each generator once, inputs of one generator in one pass."""
        a, b = batch.a, batch.b
        fake_b, identity_b = self.translate(self.G_ab, a, b)
        fake_a, identity_a = self.translate(self.G_ba, b, a)
        return Step(a, b, fake_a, fake_b, self.G_ba(fake_b), self.G_ab(fake_a), identity_a, identity_b)

    def translate(self, generator: nn.Module, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor | None]:
        """Returns the generator's outputs for source and for target images; the latter None without identity term.

        Args:
            generator: G_ab or G_ba.
            source: Images of the domain that it translates from, shape (B, 1, H, W), in [-1, 1].
            target: Images of the domain that it translates to, same shape.
        """
        if not self.config.identity_weight:
            return generator(source), None
        fake, identity = generator(torch.cat([source, target])).chunk(2)
        return fake, identity

    def generator_loss(self, step: Step) -> GeneratorTerms:
        """Returns the terms that make translations realistic and reversible, and keep images of the target domain."""
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
        """Returns the identity term of one domain, images (B, 1, H, W); 0 where it has no weight."""
        if identity is None:
            return real.new_zeros(())
        return self.config.identity_weight * identity_l1(identity, real).mean()

    def discriminator_loss(self, step: Step) -> DiscriminatorTerms:
        """Returns the terms by which each D learns to tell real images from translations, new and earlier ones."""
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
    """Returns fused Adam over all parameters of some networks: one pass over the parameters."""
    parameters = chain.from_iterable(network.parameters() for network in networks)
    return torch.optim.Adam(parameters, lr=config.learning_rate, betas=(config.beta1, 0.999), fused=True)


TRAITS = Traits(
    translates=True,
    defaults={"batch_size": 1, "epochs": 200.0, "schedule": "linear"},  # the source's: the rate falls from epoch 100 on
)


def build(config: Config, spec: ImageSpec) -> CycleGAN:
    """Returns CycleGAN for square images.

    Raises:
        ValueError: The side is not a multiple of 4 from 24 (resnet) or of 16 from 32 (attention_resunet).
    """
    check_side(config.generator, spec.size)
    return CycleGAN(config, spec.size)
