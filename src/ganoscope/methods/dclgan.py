"""DCLGAN: translates unpaired images both ways by contrast of patches, with measured Hounsfield units kept true."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn

from ganoscope.contracts import Domains, ImageSpec, Phase, Terms, observed
from ganoscope.data.store import Store
from ganoscope.errors import Range, UserError, describe, list_range_faults, refuse
from ganoscope.nets.image_generators import LAYERS, GeneratorName, ImageGenerator, check_side, make_image_generator
from ganoscope.nets.patch_projection import PatchProjection, choose_positions
from ganoscope.nets.patchgan import PatchGAN, PatchOutput
from ganoscope.nets.running_histogram import RunningHistogram
from ganoscope.objectives.adversarial import least_squares_fake, least_squares_real
from ganoscope.objectives.cycle import identity_l1
from ganoscope.objectives.feature_matching import feature_matching
from ganoscope.objectives.hu_histogram import HuBins, histogram_kl, hu_histogram
from ganoscope.objectives.patch_nce import patch_nce
from ganoscope.objectives.reduction import full_precision
from ganoscope.objectives.zero_centred_penalty import zero_centred_penalty

TRANSLATES = True

DEFAULTS = {"batch_size": 1, "epochs": 200.0, "schedule": "cosine"}

HU_WEIGHT = 1.0
"""Of the HU loss where the images are HU and nothing else is asked for."""
REAL_HALF_LIFE_IMAGES, FAKE_HALF_LIFE_IMAGES = 10_000.0, 50.0
"""Of the data set's histograms: real images don't change; translated ones move with their generator."""
HU_BINS, BLUR_SHARE = 256, 0.01
"""Bins of a histogram, and the scale of its blur as a share of the range: 41 HU of 4096."""

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

    Each domain has an embedding: the encoder of the generator that begins there, and a projection head. With
    :math:`z_l = F_a(E_{ab}(a))` and :math:`\hat z_l = F_b(E_{ba}(G_{ab}(a)))` at 256 places s of each layer l,

    .. math:: L_{NCE}^{ab} = \sum_l \sum_s \ell(\hat z_l^s, z_l^s, z_l^{S \setminus s}), \quad
        L_{id} = |G_{ab}(b) - b|_1 + |G_{ba}(a) - a|_1

    and the same from b to a; generators minimise L_GAN + 2 L_NCE + L_id in both directions.

    Source: Han, Shoeiby, Petersson, Armin 2021, sect. 3, https://arxiv.org/abs/2104.07689 (objective, weights); layers
        and least squares from the authors' code; HU loss, activations, penalty, Adam's rates and momenta are this
        project's own; two rates: Heusel et al. 2017, https://arxiv.org/abs/1706.08500.
    Differs: PatchNCE is the mean over layers and places, as in the authors' code. Keys carry no gradient to the
        encoder, as there, but to the projection head: it would otherwise learn from generated images alone. Generators
        are stepped first, so that one pass of D on real images serves both phases. The penalty is zero-centred, on real
        images, per patch: WGAN-GP's slope of 1 contradicts scores between 0 and 1, as images lie tens apart.
        Activations are matched by their means over places, as the images are unpaired.
    """

    generator: GeneratorName = "resnet"
    """resnet: residual blocks at a quarter of the side make the image anew; attention_resunet: a U-Net with attention
    gates makes what is added to it, which learns faster where little is to change."""
    generator_channels: int | None = None
    """Channels of the generators' finest level; where it is not given, 64 for resnet, 32 for attention_resunet."""
    discriminator_channels: int = 64
    """Channels of the discriminators' finest level; coarser levels have up to 8 times as many."""
    nce_weight: float = 2.0
    """Of PatchNCE between an image and its translation, in each direction."""
    nce_layers: tuple[int, ...] = (1, 2, 3, 4)
    """Of the encoder: 0 pixels; of resnet 1 and 2 the convolutions with stride, 3 the first and 4 the fifth residual
    block; of attention_resunet the levels from the finest on."""
    patches: int = 256
    """Places of each layer that are compared."""
    temperature: float = 0.07
    """Of PatchNCE: the lower, the harder it looks at the nearest other places."""
    identity_weight: float = 1.0
    """Of the L1 distance that a translation moves an image of its target domain; 0 saves two fifths of a step."""
    feature_weight: float = 1.0
    """Of the L1 distance between D's mean activations on real and on translated images."""
    hu_weight: float | None = None
    """Of the divergence between the data set's Hounsfield-unit histograms of real and of translated images. Where it is
    not given: 1 for images in Hounsfield units, 0 for others."""
    penalty_weight: float = 1.0
    """Of the squared slope of each D at real images; 0 switches it off."""
    spectral_norm: bool = True
    """Divides the discriminators' weights by their largest singular values."""
    instance_norm: bool = True
    """Gives each channel of each image in the discriminators mean 0 and variance 1."""
    learning_rate: float = 1e-4
    """Of Adam, for generators and projection heads."""
    discriminator_learning_rate: float = 4e-4
    """Of Adam, for discriminators."""
    beta1: float = 0.5
    """Adam's first momentum, for all networks."""
    beta2: float = 0.9
    """Adam's second momentum for generators and projection heads."""
    discriminator_beta2: float = 0.999
    """Adam's second momentum for discriminators."""

    def __post_init__(self) -> None:
        """Checks every value."""
        given = {name: allowed for name, allowed in RANGES.items() if getattr(self, name) is not None}
        faults = list_range_faults(self, given)
        if not self.nce_layers or not set(self.nce_layers) <= set(range(LAYERS)):
            listed = " ".join(map(str, self.nce_layers)) or "none"
            faults.append(describe("--nce-layers is out of range", listed, f"some of 0 to {LAYERS - 1}", ""))
        refuse(faults)


@dataclass(frozen=True)
class Passage:
    """One direction of a step.

    Attributes:
        fake: Images of the source domain, translated, (B, 1, H, W) in [-1, 1], with their graph.
        identity: Images of the target domain, as the same generator makes them; none of them where identity has no
            weight.
        keys: What that generator's encoder saw in the source images, (B, C, h, w) per layer, without gradient.
        queries: What the other generator's encoder sees in `fake`, same shapes.
    """

    fake: Tensor
    identity: Tensor
    keys: tuple[Tensor, ...]
    queries: tuple[Tensor, ...]


@dataclass(frozen=True)
class Real:
    """Real images of one domain.

    Attributes:
        image: Shape (B, 1, H, W), in [-1, 1]; open to D's gradient where its slope is penalised.
        seen: What D says of them, with its graph.
        measured: Where they were measured, bool, same shape; None where that is everywhere.
    """

    image: Tensor
    seen: PatchOutput
    measured: Tensor | None


@dataclass(frozen=True)
class Step:
    """What both phases share: both domains and both directions."""

    a: Real
    b: Real
    ab: Passage
    ba: Passage


@dataclass(frozen=True)
class DiscriminatorTerms(Terms):
    """Losses of D_a and D_b, and their mean scores of real and generated patches: 1 and 0 where they know them all."""

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

    generators = ("G_ab", "G_ba")

    def __init__(self, config: Config, spec: ImageSpec) -> None:
        self.config = config
        norms = config.spectral_norm, config.instance_norm
        self.G_ab, self.G_ba = (make_image_generator(config.generator, config.generator_channels) for _ in range(2))
        self.D_a, self.D_b = (PatchGAN(config.discriminator_channels, *norms) for _ in range(2))
        channels = [self.G_ab.feature_channels[layer] for layer in config.nce_layers]
        self.F_a, self.F_b = (PatchProjection(channels) for _ in range(2))
        self.hu_weight, self.hu_range = choose_hu_weight(config, spec), spec.hu_range
        self.histograms = make_histograms() if self.hu_weight else {}
        makers = {"G_ab": self.G_ab, "G_ba": self.G_ba, "F_a": self.F_a, "F_b": self.F_b}
        judges = {"D_a": self.D_a, "D_b": self.D_b}
        self.networks: Mapping[str, nn.Module] = {**makers, **judges, **self.histograms}
        adam_g = make_adam(makers.values(), config.learning_rate, (config.beta1, config.beta2))
        momenta = config.beta1, config.discriminator_beta2
        adam_d = make_adam(judges.values(), config.discriminator_learning_rate, momenta)
        self.phases = (
            Phase("generator", tuple(makers), self.generator_loss, adam_g),
            Phase("discriminator", tuple(judges), self.discriminator_loss, adam_d),
        )

    def forward(self, batch: Domains) -> Step:
        """Returns all that both phases need: every image goes through each generator, and real ones through D, once."""
        return Step(
            a=self.judge(self.D_a, batch.a, batch.measured_a),
            b=self.judge(self.D_b, batch.b, batch.measured_b),
            ab=self.translate(self.G_ab, self.G_ba, batch.a, batch.b),
            ba=self.translate(self.G_ba, self.G_ab, batch.b, batch.a),
        )

    def translate(self, there: ImageGenerator, back: ImageGenerator, source: Tensor, target: Tensor) -> Passage:
        """Returns one direction: the pass that translates gives the keys too, the other generator's encoder queries."""
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

    def judge(self, discriminator: PatchGAN, image: Tensor, measured: Tensor | None) -> Real:
        """Returns real images with what D says of them; where D's slope is penalised, open to its gradient."""
        shown = image.detach().requires_grad_(self.config.penalty_weight > 0)
        return Real(shown, discriminator(shown), measured)

    def generator_loss(self, step: Step) -> GeneratorTerms:
        """Returns the terms that make translations look real and keep their patches, activations and HU in place."""
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
        """Returns the PatchNCE term of one direction, mean over the layers."""
        positions = choose_positions(passage.keys, self.config.patches)
        pairs = zip(target_head(passage.queries, positions), source_head(passage.keys, positions), strict=True)
        nce = torch.stack([patch_nce(query, key, self.config.temperature) for query, key in pairs])
        return self.config.nce_weight * nce.mean()

    def compare_identity(self, passage: Passage, target: Real) -> Tensor:
        """Returns the identity term of one generator; 0 where it has no weight."""
        if not len(passage.identity):
            return passage.fake.new_zeros(())
        return self.config.identity_weight * identity_l1(passage.identity, target.image.detach()).mean()

    def compare_features(self, real: Real, fake: PatchOutput) -> Tensor:
        """Returns the term that matches D's activations on translated and real images, by their means over places."""
        expected = [maps.detach().mean(dim=(2, 3)) for maps in real.seen.features]
        found = [maps.mean(dim=(2, 3)) for maps in fake.features]
        return self.config.feature_weight * feature_matching(expected, found).mean()

    def compare_hu(self, domain: str, target: Real, passage: Passage, source: Real) -> Tensor:
        """Returns the divergence between the HU histograms of a domain's real images and of translations to it."""
        if not self.histograms:
            return passage.fake.new_zeros(())
        sets = {"real": (target.image.detach(), target.measured), "fake": (passage.fake, source.measured)}
        real, fake = (
            self.histograms[f"hu_{kind}_{domain}"].update(self.count_hu(*images)) for kind, images in sets.items()
        )
        return self.hu_weight * histogram_kl(real, fake)

    def count_hu(self, image: Tensor, measured: Tensor | None) -> Tensor:
        """Returns HU histograms (B, K) of images in [-1, 1], pixels outside the scanner's field of view left out."""
        assert self.hu_range is not None
        low, high = self.hu_range
        bins = HuBins(low, high, HU_BINS, BLUR_SHARE * (high - low))
        return hu_histogram(low + (full_precision(image) + 1) * ((high - low) / 2), measured, bins)

    def discriminator_loss(self, step: Step) -> DiscriminatorTerms:
        """Returns the terms that make each D tell real images of its domain from translated ones, and not steeply."""
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
        """Returns the penalty on D's slope at real images, per patch: it does not depend on the size of the images."""
        patches = real.seen.patches
        if not self.config.penalty_weight:
            return patches.new_zeros(())
        score = full_precision(patches).sum(dim=(1, 2, 3)) / patches[0].numel() ** 0.5
        return self.config.penalty_weight * zero_centred_penalty(score, real.image).mean()


def make_histograms() -> dict[str, RunningHistogram]:
    """Returns the running histograms of both domains, of real and of translated images, by their network's name."""
    half_lives = {"real": REAL_HALF_LIFE_IMAGES, "fake": FAKE_HALF_LIFE_IMAGES}
    return {
        f"hu_{kind}_{domain}": RunningHistogram(HU_BINS, half_life)
        for kind, half_life in half_lives.items()
        for domain in "ab"
    }


def make_adam(networks: Iterable[nn.Module], learning_rate: float, momenta: tuple[float, float]) -> torch.optim.Adam:
    """Returns Adam over all parameters of some networks, in its fused form: one pass over the parameters."""
    parameters = chain.from_iterable(network.parameters() for network in networks)
    return torch.optim.Adam(parameters, lr=learning_rate, betas=momenta, fused=True)


def choose_hu_weight(config: Config, spec: ImageSpec) -> float:
    """Returns the weight of the HU loss; where it is left open, 0 for images that are not HU."""
    if config.hu_weight is not None:
        return config.hu_weight
    return HU_WEIGHT if spec.hu_range else 0.0


def check(config: Config, store: Store, spec: ImageSpec) -> None:
    """Refuses the HU loss on images whose values are no Hounsfield units."""
    if config.hu_weight and not spec.hu_range:
        fault = f"--hu-weight compares Hounsfield units, and pixels of {store.name} have none"
        given = f"{config.hu_weight:g} on {store.intensity.unit}"
        remedy = "Leave it out, or prepare CT from DICOM or NIfTI, or from 16-bit pictures with --hu-offset."
        raise UserError(describe(fault, given, "0", remedy))


def build(config: Config, spec: ImageSpec) -> DCLGAN:
    """Returns DCLGAN for square images, for resnet multiples of 4 from 24, for attention_resunet of 16 from 32.

    Raises:
        ValueError: They have another size.
    """
    check_side(config.generator, spec.size)
    return DCLGAN(config, spec)
