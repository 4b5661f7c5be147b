"""DCLGAN: two-way unpaired translation by contrast of patches, with a loss that preserves Hounsfield units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn

from ganoscope.contracts import Domains, ImageSpec, Phase, Terms, Traits, observed
from ganoscope.data.store import Store
from ganoscope.errors import Range, UserError, describe, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields
from ganoscope.nets.image_generators import LAYERS, GeneratorName, ImageGenerator, check_side, make_image_generator
from ganoscope.nets.parts.patch_projection import PatchProjection, choose_positions
from ganoscope.nets.parts.running_histogram import make_histograms
from ganoscope.nets.patchgan import PatchGAN, PatchOutput
from ganoscope.objectives.adversarial import least_squares_fake, least_squares_real
from ganoscope.objectives.cycle import identity_l1
from ganoscope.objectives.feature_matching import feature_matching
from ganoscope.objectives.hu_histogram import HuBins, histogram_kl, hu_histogram
from ganoscope.objectives.patch_nce import patch_nce
from ganoscope.objectives.reduction import full_precision
from ganoscope.objectives.zero_centred_penalty import zero_centred_penalty

HU_WEIGHT = 1.0
"""Default weight of the HU loss for images in HU."""
HU_BINS, BLUR_SHARE = 256, 0.01
"""Number of histogram bins, and scale of the blur as a share of the range: 41 HU of 4096."""

RANGES = {
    "generator_channels": Range(1),
    "discriminator_channels": Range(1),
    "nce_weight": Range(0),
    "identity_weight": Range(0),
    "feature_weight": Range(0),
    "hu_weight": Range(0),
    "penalty_weight": Range(0),
    "patches": Range(2),
    "temperature": Range(0, above=True),
    "learning_rate": Range(0, 1, above=True, below=True),
    "discriminator_learning_rate": Range(0, 1, above=True, below=True),
    "beta1": Range(0, 1, below=True),
    "beta2": Range(0, 1, below=True),
    "discriminator_beta2": Range(0, 1, below=True),
}


@dataclass(frozen=True)
class Config:
    r"""Hyper-parameters of DCLGAN.

    Each domain has an embedding: the encoder of the generator that starts from it, and a projection head. With
    :math:`z_l = F_a(E_{ab}(a))` and :math:`\hat z_l = F_b(E_{ba}(G_{ab}(a)))` at 256 places s of each layer l,

    .. math:: L_{NCE}^{ab} = \sum_l \sum_s \ell(\hat z_l^s, z_l^s, z_l^{S \setminus s}), \quad
        L_{id} = |G_{ab}(b) - b|_1 + |G_{ba}(a) - a|_1

    and the same from b to a; the generators minimise L_GAN + 2 L_NCE + L_id in both directions.

    Source: Han, Shoeiby, Petersson, Armin 2021, sect. 3, https://arxiv.org/abs/2104.07689 (objective, weights); layers
        and least squares from the authors' code; HU loss, activations, penalty, Adam's rates and momenta are this
        project's own; two rates: Heusel et al. 2017, https://arxiv.org/abs/1706.08500.
    Differs: PatchNCE is the mean over layers and places, as in the authors' code. Keys carry no gradient to the
        encoder, as there, but to the projection head: it would otherwise learn from generated images alone. Generators
        step first: one pass of D on real images serves both phases. The penalty is zero-centred, on real images, per
        patch: WGAN-GP's slope of 1 contradicts scores between 0 and 1. Mean activations over places are matched.
    """

    generator: GeneratorName = "resnet"
    """Generator network. resnet: residual blocks at a quarter of the side redraw the image; attention_resunet: a U-Net
    with attention gates computes a change to add to the image, which learns faster where little has to change."""
    generator_channels: int | None = None
    """Channels of the generators' finest level; by default 64 for resnet, 32 for attention_resunet."""
    discriminator_channels: int = 64
    """Channels of the discriminators' finest level; coarser levels have up to 8 times as many."""
    nce_weight: float = 2.0
    """Weight of PatchNCE between an image and its translation, in each direction."""
    nce_layers: tuple[int, ...] = (1, 2, 3, 4)
    """Encoder layers to compare: 0 the pixels; in resnet 1 and 2 the strided convolutions, 3 the first and 4 the fifth
    residual block; in attention_resunet the levels, finest first."""
    patches: int = 256
    """Number of places compared in each layer."""
    temperature: float = 0.07
    """Temperature of PatchNCE; a lower one puts more weight on the most similar negatives."""
    identity_weight: float = 1.0
    """Weight of the L1 distance between an image of the target domain and its translation; 0 saves 2/5 of a step."""
    feature_weight: float = 1.0
    """Weight of feature matching: L1 distance between D's mean activations on real and on translated images."""
    hu_weight: float | None = None
    """Weight of the HU loss: divergence between the data set's HU histograms of real and of translated images. By
    default 1 for images in Hounsfield units, 0 for others."""
    penalty_weight: float = 1.0
    """Weight of the squared slope of each D at real images; 0 switches it off."""
    spectral_norm: bool = True
    """Spectral norm in the discriminators."""
    instance_norm: bool = True
    """Instance norm in the discriminators."""
    learning_rate: float = 1e-4
    """Adam learning rate of generators and projection heads."""
    discriminator_learning_rate: float = 4e-4
    """Adam learning rate of discriminators."""
    beta1: float = 0.5
    """Adam's first momentum, for all networks."""
    beta2: float = 0.9
    """Adam's second momentum for generators and projection heads."""
    discriminator_beta2: float = 0.999
    """Adam's second momentum for discriminators."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: A value is out of range.
        """
        fit_fields(self)
        faults = list_range_faults(self, RANGES)
        if not self.nce_layers or not set(self.nce_layers) <= set(range(LAYERS)):
            given, allowed = " ".join(map(str, self.nce_layers)) or "none", f"some of 0 to {LAYERS - 1}"
            faults.append(describe("--nce-layers is out of range", given, allowed, ""))
        refuse(faults)


@dataclass(frozen=True)
class Passage:
    """One direction of a step.

    Attributes:
        fake: Translated images of the source domain, (B, 1, H, W) in [-1, 1], with their graph.
        identity: The same generator's output for images of the target domain, (B, 1, H, W); (0, 1, H, W) where identity
            has no weight.
        keys: That generator's encoder features of the source images, (B, C, h, w) per layer, without gradient.
        queries: The other generator's encoder features of `fake`, same shapes.
    """

    fake: Tensor
    identity: Tensor
    keys: tuple[Tensor, ...]
    queries: tuple[Tensor, ...]


@dataclass(frozen=True)
class Real:
    """Real images of one domain.

    Attributes:
        image: Shape (B, 1, H, W), in [-1, 1]; requires a gradient where D's slope is penalised.
        seen: D's output for them, with its graph.
        measured: Pixels that the scanner measured, bool, same shape; None where it measured all.
    """

    image: Tensor
    seen: PatchOutput
    measured: Tensor | None


@dataclass(frozen=True)
class Step:
    """Shared by both phases: both domains and both directions."""

    a: Real
    b: Real
    ab: Passage
    ba: Passage


@dataclass(frozen=True)
class DiscriminatorTerms(Terms):
    """Losses of D_a and D_b, and their mean scores of real and translated patches: 1 and 0 if they are perfect."""

    real_a: Tensor
    fake_a: Tensor
    penalty_a: Tensor
    real_b: Tensor
    fake_b: Tensor
    penalty_b: Tensor
    d_real: Tensor = observed()
    d_fake: Tensor = observed()


@dataclass(frozen=True)
class GeneratorTerms(Terms):
    """Losses of the generators and the projection heads, from A to B and from B to A."""

    adversarial_ab: Tensor
    adversarial_ba: Tensor
    nce_ab: Tensor
    nce_ba: Tensor
    identity_a: Tensor
    identity_b: Tensor
    features_ab: Tensor
    features_ba: Tensor
    hu_ab: Tensor
    hu_ba: Tensor


class DCLGAN:
    """The six networks, the data set's histograms, and two phases: generators with heads, then discriminators."""

    generators: tuple[str, ...] = ("G_ab", "G_ba")
    latent_dim, classes = 0, 0

    def __init__(self, config: Config, spec: ImageSpec) -> None:
        self.config = config
        norms = config.spectral_norm, config.instance_norm
        self.G_ab, self.G_ba = (make_image_generator(config.generator, config.generator_channels) for _ in range(2))
        self.D_a, self.D_b = (PatchGAN(config.discriminator_channels, *norms) for _ in range(2))
        channels = [self.G_ab.feature_channels[layer] for layer in config.nce_layers]
        self.F_a, self.F_b = (PatchProjection(channels) for _ in range(2))
        self.hu_weight, self.hu_range = choose_hu_weight(config, spec), spec.hu_range
        self.histograms = make_histograms(HU_BINS) if self.hu_weight else {}
        learners = {"G_ab": self.G_ab, "G_ba": self.G_ba, "F_a": self.F_a, "F_b": self.F_b}
        discriminators = {"D_a": self.D_a, "D_b": self.D_b}
        self.networks: Mapping[str, nn.Module] = {**learners, **discriminators, **self.histograms}
        adam_g = make_adam(learners.values(), config.learning_rate, (config.beta1, config.beta2))
        momenta = config.beta1, config.discriminator_beta2
        adam_d = make_adam(discriminators.values(), config.discriminator_learning_rate, momenta)
        self.phases = (
            Phase("generator", tuple(learners), self.generator_loss, adam_g),
            Phase("discriminator", tuple(discriminators), self.discriminator_loss, adam_d),
        )

    def forward(self, batch: Domains) -> Step:
        """Returns the inputs of both phases: every image passes each generator, and each real one D, once."""
        return Step(
            a=self.discriminate(self.D_a, batch.a, batch.measured_a),
            b=self.discriminate(self.D_b, batch.b, batch.measured_b),
            ab=self.translate(self.G_ab, self.G_ba, batch.a, batch.b),
            ba=self.translate(self.G_ba, self.G_ab, batch.b, batch.a),
        )

    def translate(self, there: ImageGenerator, back: ImageGenerator, source: Tensor, target: Tensor) -> Passage:
        """Returns one direction: the translating pass also gives the keys, the other generator's encoder the queries.

        Args:
            there: Generator of this direction.
            back: Generator of the other direction.
            source: Images of the source domain, shape (B, 1, H, W), in [-1, 1].
            target: Images of the target domain, same shape.
        """
        count = len(source)
        image, features = there.translate(torch.cat([source, target]) if self.config.identity_weight else source)
        fake = image[:count]
        seen = back.encode(fake)
        return Passage(
            fake=fake,
            identity=image[count:],
            keys=tuple(features[layer][:count].detach() for layer in self.config.nce_layers),
            queries=tuple(seen[layer] for layer in self.config.nce_layers),
        )

    def discriminate(self, discriminator: PatchGAN, image: Tensor, measured: Tensor | None) -> Real:
        """Returns real images with D's output; they require a gradient where D's slope is penalised.

        Args:
            discriminator: D of their domain.
            image: Shape (B, 1, H, W), in [-1, 1].
            measured: Pixels that the scanner measured, bool, same shape; None for all.
        """
        shown = image.detach().requires_grad_(self.config.penalty_weight > 0)
        return Real(shown, discriminator(shown), measured)

    def generator_loss(self, step: Step) -> GeneratorTerms:
        """Returns the terms that make translations realistic and preserve patches, activations and HU."""
        seen_a, seen_b = self.D_a(step.ba.fake), self.D_b(step.ab.fake)
        return GeneratorTerms(
            adversarial_ab=least_squares_real(seen_b.patches).mean(),
            adversarial_ba=least_squares_real(seen_a.patches).mean(),
            nce_ab=self.compare_patches(step.ab, self.F_a, self.F_b),
            nce_ba=self.compare_patches(step.ba, self.F_b, self.F_a),
            identity_a=self.compare_identity(step.ba, step.a),
            identity_b=self.compare_identity(step.ab, step.b),
            features_ab=self.compare_features(step.b, seen_b),
            features_ba=self.compare_features(step.a, seen_a),
            hu_ab=self.compare_hu("b", step.b, step.ab, step.a),
            hu_ba=self.compare_hu("a", step.a, step.ba, step.b),
        )

    def compare_patches(self, passage: Passage, source_head: nn.Module, target_head: nn.Module) -> Tensor:
        """Returns the PatchNCE term of one direction, a scalar: mean over the layers.

        Args:
            passage: The direction.
            source_head: Projection head of the source domain, for the keys.
            target_head: Projection head of the target domain, for the queries.
        """
        positions = choose_positions(passage.keys, self.config.patches)
        pairs = zip(target_head(passage.queries, positions), source_head(passage.keys, positions), strict=True)
        nce = torch.stack([patch_nce(query, key, self.config.temperature) for query, key in pairs])
        return self.config.nce_weight * nce.mean()

    def compare_identity(self, passage: Passage, target: Real) -> Tensor:
        """Returns the identity term of one generator, a scalar; 0 where it has no weight."""
        if not len(passage.identity):
            return passage.fake.new_zeros(())
        return self.config.identity_weight * identity_l1(passage.identity, target.image.detach()).mean()

    def compare_features(self, real: Real, fake: PatchOutput) -> Tensor:
        """Returns the feature-matching term, a scalar: L1 distance between D's activations, averaged over places."""
        expected = [maps.detach().mean(dim=(2, 3)) for maps in real.seen.features]
        found = [maps.mean(dim=(2, 3)) for maps in fake.features]
        return self.config.feature_weight * feature_matching(expected, found).mean()

    def compare_hu(self, domain: str, target: Real, passage: Passage, source: Real) -> Tensor:
        """Returns the divergence, a scalar, between HU histograms of a domain's real images and of translations to it.

        Args:
            domain: `a` or `b`, the target domain.
            target: Its real images.
            passage: The translations to it.
            source: The images that were translated; their measured pixels count.
        """
        if not self.histograms:
            return passage.fake.new_zeros(())
        sets = {"real": (target.image.detach(), target.measured), "fake": (passage.fake, source.measured)}
        real, fake = (
            self.histograms[f"hu_{kind}_{domain}"].update(self.count_hu(*images)) for kind, images in sets.items()
        )
        return self.hu_weight * histogram_kl(real, fake)

    def count_hu(self, image: Tensor, measured: Tensor | None) -> Tensor:
        """Returns HU histograms (B, K) of the measured pixels of images (B, 1, H, W) in [-1, 1]."""
        assert self.hu_range is not None
        low, high = self.hu_range
        bins = HuBins(low, high, HU_BINS, BLUR_SHARE * (high - low))
        return hu_histogram(low + (full_precision(image) + 1) * ((high - low) / 2), measured, bins)

    def discriminator_loss(self, step: Step) -> DiscriminatorTerms:
        """Returns the terms by which each D learns to tell real images from translations, and its slope penalties."""
        real_a, real_b = step.a.seen.patches, step.b.seen.patches
        fake_a, fake_b = self.D_a(step.ba.fake.detach()).patches, self.D_b(step.ab.fake.detach()).patches
        return DiscriminatorTerms(
            real_a=least_squares_real(real_a).mean() / 2,
            fake_a=least_squares_fake(fake_a).mean() / 2,
            penalty_a=self.penalise(step.a),
            real_b=least_squares_real(real_b).mean() / 2,
            fake_b=least_squares_fake(fake_b).mean() / 2,
            penalty_b=self.penalise(step.b),
            d_real=torch.cat([real_a, real_b]).float().mean(),
            d_fake=torch.cat([fake_a, fake_b]).float().mean(),
        )

    def penalise(self, real: Real) -> Tensor:
        """Returns the penalty on D's slope at real images, a scalar: per patch, so independent of the image size."""
        patches = real.seen.patches
        if not self.config.penalty_weight:
            return patches.new_zeros(())
        score = full_precision(patches).sum(dim=(1, 2, 3)) / patches[0].numel() ** 0.5
        return self.config.penalty_weight * zero_centred_penalty(score, real.image).mean()


def make_adam(networks: Iterable[nn.Module], learning_rate: float, momenta: tuple[float, float]) -> torch.optim.Adam:
    """Returns fused Adam over all parameters of some networks: one pass over the parameters.

    Args:
        networks: Networks to train.
        learning_rate: Learning rate.
        momenta: Both momenta.
    """
    parameters = chain.from_iterable(network.parameters() for network in networks)
    return torch.optim.Adam(parameters, lr=learning_rate, betas=momenta, fused=True)


def choose_hu_weight(config: Config, spec: ImageSpec) -> float:
    """Returns the weight of the HU loss: the configured one, else the default for the images' unit."""
    if config.hu_weight is not None:
        return config.hu_weight
    return HU_WEIGHT if spec.hu_range else 0.0


def check(config: Config, store: Store, spec: ImageSpec) -> None:
    """Refuses the HU loss on images that are not in Hounsfield units.

    Args:
        config: Hyper-parameters of the method.
        store: Store to train on.
        spec: Properties of its images.

    Raises:
        UserError: The HU loss has a weight, and pixels are not HU.
    """
    if config.hu_weight and not spec.hu_range:
        fault = f"--hu-weight compares Hounsfield units, and pixels of {store.name} have none"
        given = f"{config.hu_weight:g} on {store.intensity.unit}"
        remedy = "Leave it out, or prepare CT from DICOM or NIfTI, or from 16-bit pictures with --hu-offset."
        raise UserError(describe(fault, given, "0", remedy))


DEFAULTS = {"batch_size": 1, "epochs": 200.0, "schedule": "cosine"}
TRAITS = Traits(translates=True, defaults=DEFAULTS, check=check, second_derivatives=True)


def build(config: Config, spec: ImageSpec) -> DCLGAN:
    """Returns DCLGAN for square images.

    Raises:
        ValueError: The side is not a multiple of 4 from 24 (resnet) or of 16 from 32 (attention_resunet).
    """
    check_side(config.generator, spec.size)
    return DCLGAN(config, spec)
