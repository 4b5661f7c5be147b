"""CUT: one-way unpaired translation in which each patch stays most similar to its source patch."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganoscope.contracts import Domains, ImageSpec, Phase, Terms, Traits, observed
from ganoscope.errors import Range, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields
from ganoscope.nets.image_generators import LAYERS, GeneratorName, check_side, make_image_generator
from ganoscope.nets.parts.patch_projection import PatchProjection, choose_positions
from ganoscope.nets.patchgan import PatchGAN
from ganoscope.objectives.adversarial import least_squares_fake, least_squares_real
from ganoscope.objectives.patch_nce import patch_nce

RANGES = {
    "generator_channels": Range(1),
    "discriminator_channels": Range(1),
    "nce_weight": Range(0),
    "identity_weight": Range(0),
    "patches": Range(2),
    "temperature": Range(0, above=True),
    "learning_rate": Range(0, 1, above=True, below=True),
    "beta1": Range(0, 1, below=True),
}


@dataclass(frozen=True)
class Config:
    """Hyper-parameters of CUT.

    Source: Park, Efros, Zhang, Zhu 2020, https://arxiv.org/abs/2007.15651: sect. 3 (objective, both weights 1), sect.
        4 and appendix (layers, 256 patches, temperature 0.07); least squares, Adam and epochs from the authors' code.
    Differs: PatchNCE is the mean over the layers, as in the authors' code, not their sum; the generator is stepped
        before the discriminator; the networks are this project's, see `nets.image_generators` and `nets.patchgan`. In
        attention_resunet the pixels and the four finest levels are compared.
    """

    generator: GeneratorName = "resnet"
    """Generator network. resnet: residual blocks at a quarter of the side redraw the image; attention_resunet: a U-Net
    with attention gates computes a change to add to the image, which learns faster where little has to change."""
    generator_channels: int | None = None
    """Channels of the generator's finest level; by default 64 for resnet, 32 for attention_resunet."""
    discriminator_channels: int = 64
    """Channels of the discriminator's finest level; coarser levels have up to 8 times as many."""
    nce_weight: float = 1.0
    """Weight of PatchNCE between an image and its translation."""
    identity_weight: float = 1.0
    """Weight of PatchNCE between an image of the target domain and its translation; 0 saves half of a step."""
    patches: int = 256
    """Number of places compared in each layer."""
    temperature: float = 0.07
    """Temperature of PatchNCE; a lower one puts more weight on the most similar negatives."""
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
    """Shared by both phases; translations and queries have their graph.

    Attributes:
        b: Images of domain B, shape (B, 1, H, W), in [-1, 1].
        fake_b: Translated images of domain A, same shape.
        keys: Encoder features of the images of A and, where identity has a weight, after them of those of B;
            (B, C, h, w) or (2B, C, h, w) per layer, without gradient.
        queries: Encoder features of their translations, same shapes.
    """

    b: Tensor
    fake_b: Tensor
    keys: tuple[Tensor, ...]
    queries: tuple[Tensor, ...]


@dataclass(frozen=True)
class DiscriminatorTerms(Terms):
    """Loss of D_b, and its mean scores of real and translated patches: 1 and 0 if it classifies them perfectly."""

    real: Tensor
    fake: Tensor
    d_real: Tensor = observed()
    d_fake: Tensor = observed()


@dataclass(frozen=True)
class GeneratorTerms(Terms):
    """Loss of G_ab and of its projection head F_a."""

    adversarial: Tensor
    nce: Tensor
    identity: Tensor


class CUT:
    """The three networks and two phases: first the generator with its projection head, then the discriminator."""

    generators: tuple[str, ...] = ("G_ab",)
    latent_dim, classes = 0, 0

    def __init__(self, config: Config) -> None:
        self.config = config
        self.G_ab = make_image_generator(config.generator, config.generator_channels)
        self.D_b = PatchGAN(config.discriminator_channels, spectral_norm=False)
        self.F_a = PatchProjection(self.G_ab.feature_channels[:LAYERS])
        self.networks: Mapping[str, nn.Module] = {"G_ab": self.G_ab, "D_b": self.D_b, "F_a": self.F_a}
        learner = nn.ModuleList([self.G_ab, self.F_a])
        self.phases = (
            Phase("generator", ("G_ab", "F_a"), self.generator_loss, make_adam(learner, config)),
            Phase("discriminator", ("D_b",), self.discriminator_loss, make_adam(self.D_b, config)),
        )

    def forward(self, batch: Domains) -> Step:
        """Returns translations and features: the translating pass also gives the keys, one more pass the queries."""
        source = torch.cat([batch.a, batch.b]) if self.config.identity_weight else batch.a
        image, keys = self.G_ab.translate(source)
        return Step(
            b=batch.b,
            fake_b=image[: len(batch.a)],
            keys=tuple(maps.detach() for maps in keys[:LAYERS]),
            queries=self.G_ab.encode(image)[:LAYERS],
        )

    def generator_loss(self, step: Step) -> GeneratorTerms:
        """Returns the terms that make translations realistic, and each patch most similar to its source patch."""
        nce = self.compare_patches(step)
        identity = nce[len(step.fake_b) :]
        return GeneratorTerms(
            adversarial=least_squares_real(self.D_b(step.fake_b).patches).mean(),
            nce=self.config.nce_weight * nce[: len(step.fake_b)].mean(),
            identity=self.config.identity_weight * identity.mean() if len(identity) else nce.new_zeros(()),
        )

    def compare_patches(self, step: Step) -> Tensor:
        """Returns PatchNCE of every image, mean over the layers, shape (B,) or (2B,)."""
        positions = choose_positions(step.keys, self.config.patches)
        with torch.no_grad():
            keys = self.F_a(step.keys, positions)
        pairs = zip(self.F_a(step.queries, positions), keys, strict=True)
        return torch.stack([patch_nce(query, key, self.config.temperature) for query, key in pairs]).mean(dim=0)

    def discriminator_loss(self, step: Step) -> DiscriminatorTerms:
        """Returns the terms by which D learns to tell real images of domain B from translated ones."""
        real, fake = self.D_b(torch.cat([step.b, step.fake_b.detach()])).patches.chunk(2)
        return DiscriminatorTerms(
            real=least_squares_real(real).mean() / 2,
            fake=least_squares_fake(fake).mean() / 2,
            d_real=real.float().mean(),
            d_fake=fake.float().mean(),
        )


def make_adam(network: nn.Module, config: Config) -> torch.optim.Adam:
    """Returns fused Adam with the method's momenta: one pass over the parameters."""
    betas = (config.beta1, 0.999)
    return torch.optim.Adam(network.parameters(), lr=config.learning_rate, betas=betas, fused=True)


TRAITS = Traits(
    translates=True,
    defaults={"batch_size": 1, "epochs": 400.0, "schedule": "linear"},  # the source's: the rate falls from epoch 200 on
)


def build(config: Config, spec: ImageSpec) -> CUT:
    """Returns CUT for square images.

    Raises:
        ValueError: The side is not a multiple of 4 from 24 (resnet) or of 16 from 32 (attention_resunet).
    """
    check_side(config.generator, spec.size)
    return CUT(config)
