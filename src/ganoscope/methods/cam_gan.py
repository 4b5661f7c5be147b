"""CAM-guided GAN: a classifier's class activation maps guide generator and discriminator."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ganoscope.classifiers.teacher import Teacher, check_teacher, open_teacher
from ganoscope.contracts import Batch, ImageSpec, Phase, Terms, observed
from ganoscope.data.store import Store
from ganoscope.errors import Range, UserError, describe, list_range_faults, refuse
from ganoscope.nets.cam import Discriminator, DiscriminatorOutput, Generator, Upsampling
from ganoscope.objectives.adversarial import bce_fake, bce_real
from ganoscope.objectives.cam import MERGES, Merge, attention_bce, cam_l1

HEAD_RATE = 10.0
"""Learning rate of the attention heads over that of the networks: regressions on features that never rest."""

UNSUITED = {"diff_augment": "it moves what D sees, but not the teacher's map that D's heat map is held against"}

FINE_BELOW_PX = 128
"""Smaller images need a teacher with a fine map: densenet121's has a cell for 32 pixels."""

RANGES = {
    "latent_dim": Range(1),
    "generator_channels": Range(1),
    "discriminator_channels": Range(1),
    "d_cam_weight": Range(0),
    "g_cam_weight": Range(0),
    "attention_weight": Range(0),
    "min_teacher_auc": Range(0, 1, below=True),
    "learning_rate": Range(0, 1, above=True, below=True),
    "beta1": Range(0, 1, below=True),
    "label_smoothing": Range(0.5, 1, above=True),
    "instance_noise": Range(0, 1, below=True),
}


@dataclass(frozen=True)
class Config:
    """Hyper-parameters of the CAM-guided GAN.

    The teacher is a frozen classifier. Its maps of real and of generated images, on one fixed scale, are the target of
    D's heat map (weight 1); the generator makes images on which D's and the teacher's maps agree (weight 5, gradient
    through both); and each level's attention learns to foresee where the teacher will see evidence (weight 10: at 1,
    the gradient of the adversarial term at the attention heads is as large; the rest of G hardly feels either).

    Source: the parts and their weights are this project's own. Class activation maps: Zhou et al. 2016,
        https://arxiv.org/abs/1512.04150. A teacher's attention as a loss: Zagoruyko, Komodakis 2017,
        https://arxiv.org/abs/1612.03928. Adam and initialisation: Radford et al. 2016, https://arxiv.org/abs/1511.06434.
    Differs: the attention term is this project's own. Its target is detached: attention follows the evidence, where
        otherwise a generator could bring the loss to zero by drawing healthy images and attending to nothing. One-sided
        label smoothing and instance noise as in this project's DCGAN.
    """

    teacher: Path | None = None
    """Run folder of the classifier that teaches, made by ganoscope classify on the same store. Always needed."""
    merge: Merge = "weighted"
    """How the teacher's maps of all classes become one: max, mean, weighted by probability, or topk (mean of the three
    most probable classes)."""
    min_teacher_auc: float = 0.9
    """The teacher's AUC on the store's test part has to be above this; what a worse one looks at is no evidence."""
    latent_dim: int = 100
    """Length of the noise vector z."""
    generator_channels: int = 512
    """Channels of the generator's coarsest level at 224 px. The finest has a 32nd; each coarser one twice as many."""
    discriminator_channels: int = 64
    """Channels of the discriminator's finest level; coarser levels have up to 8 times as many."""
    upsampling: Upsampling = "upsample"
    """upsample: nearest neighbour and a convolution; transposed: transposed convolutions."""
    d_cam_weight: float = 1.0
    """Of L1(D's heat map, teacher's map) in the discriminator's loss: mean of real and generated images."""
    g_cam_weight: float = 5.0
    """Of L1(D's heat map, teacher's map) of generated images in the generator's loss."""
    attention_weight: float = 10.0
    """Of the cross-entropy between the generator's attention and the teacher's map of what it drew."""
    learning_rate: float = 2e-4
    """Of Adam, for both networks."""
    beta1: float = 0.5
    """Adam's first momentum; the second is 0.999."""
    label_smoothing: float = 0.9
    """Target of the discriminator for real images: 0.9 is one-sided smoothing, 1 is none."""
    instance_noise: float = 0.1
    """Standard deviation of the noise on all that the discriminator sees in training, in network range; 0 is none."""

    def __post_init__(self) -> None:
        """Checks every value."""
        unknown = [] if self.merge in MERGES else [describe("--merge is unknown", self.merge, ", ".join(MERGES), "")]
        refuse([*unknown, *list_range_faults(self, RANGES)])


@dataclass(frozen=True)
class Step:
    """What both phases share; generated images and all that hangs on them with their graph.

    Attributes:
        real: Shape (B, 1, H, W), in [-1, 1].
        fake: Generated images, same shape.
        attention: The generator's, of every level in [0, 1], shapes (B, 1, h, w).
        real_cam: The teacher's merged map of the real images, in [0, 1], shape (B, 1, H, W).
        fake_cam: The same of the generated ones.
    """

    real: Tensor
    fake: Tensor
    attention: tuple[Tensor, ...]
    real_cam: Tensor
    fake_cam: Tensor


@dataclass(frozen=True)
class DiscriminatorTerms(Terms):
    """Loss of D, and its mean opinion as probabilities: D(x) and D(G(z)) before this step."""

    real: Tensor
    fake: Tensor
    cam: Tensor
    d_real: Tensor = observed()
    d_fake: Tensor = observed()


@dataclass(frozen=True)
class GeneratorTerms(Terms):
    """Loss of G: the non-saturating one, agreement of D's and the teacher's maps, and attention to the evidence."""

    adversarial: Tensor
    cam: Tensor
    attention: Tensor


class CamGAN:
    """The two networks, their two phases, and the teacher, which is opened when the first images come."""

    def __init__(self, config: Config, size: int) -> None:
        self.config = config
        self.latent_dim, self.classes = config.latent_dim, 0
        self.G = Generator(size, config.latent_dim, config.generator_channels, config.upsampling)
        self.D = Discriminator(size, config.discriminator_channels)
        self.networks: Mapping[str, nn.Module] = {"G": self.G, "D": self.D}
        self.teacher: Teacher | None = None
        self.phases = (
            Phase("discriminator", ("D",), self.discriminator_loss, make_adam(self.D, config)),
            Phase("generator", ("G",), self.generator_loss, make_adam(self.G, config, self.G.attention)),
        )

    def forward(self, batch: Batch) -> Step:
        """Returns real and generated images with the teacher's maps: one pass of each network serves all terms."""
        if self.teacher is None:
            self.teacher = open_teacher(require_teacher(self.config), str(batch.real.device))
        z = torch.randn(len(batch.real), self.latent_dim, device=batch.real.device)
        fake, attention = self.G.draw_with_attention(z)
        with torch.no_grad():
            real_cam = self.teacher(batch.real, self.config.merge).merged
        return Step(batch.real, fake, attention, real_cam, self.teacher(fake, self.config.merge).merged)

    def discriminator_loss(self, step: Step) -> DiscriminatorTerms:
        """Returns the terms that make D tell real from generated, and point where the teacher points."""
        real, fake = self.judge(step.real), self.judge(step.fake.detach())
        distance = cam_l1(real.cam, step.real_cam).mean() + cam_l1(fake.cam, step.fake_cam.detach()).mean()
        return DiscriminatorTerms(
            real=bce_real(real.logits, self.config.label_smoothing).mean(),
            fake=bce_fake(fake.logits).mean(),
            cam=self.config.d_cam_weight * distance / 2,
            d_real=real.logits.float().sigmoid().mean(),
            d_fake=fake.logits.float().sigmoid().mean(),
        )

    def generator_loss(self, step: Step) -> GeneratorTerms:
        """Returns the terms that make D say real, D and teacher agree, and attention lie on the evidence."""
        seen = self.judge(step.fake)
        return GeneratorTerms(
            adversarial=bce_real(seen.logits).mean(),
            cam=self.config.g_cam_weight * cam_l1(seen.cam, step.fake_cam).mean(),
            attention=self.config.attention_weight * attention_bce(step.attention, step.fake_cam.detach()).mean(),
        )

    def judge(self, image: Tensor) -> DiscriminatorOutput:
        """Returns what D says about images in [-1, 1], seen through instance noise."""
        noise = self.config.instance_noise
        output: DiscriminatorOutput = self.D(image + noise * torch.randn_like(image) if noise else image)
        return output


def make_adam(network: nn.Module, config: Config, heads: nn.Module | None = None) -> torch.optim.Adam:
    """Returns Adam with the method's momenta, in its fused form; `heads` learn `HEAD_RATE` times as fast."""
    fast = list(heads.parameters()) if heads else []
    known = {id(parameter) for parameter in fast}
    groups = [{"params": [parameter for parameter in network.parameters() if id(parameter) not in known]}]
    if fast:
        groups.append({"params": fast, "lr": HEAD_RATE * config.learning_rate})  # type: ignore[dict-item]
    return torch.optim.Adam(groups, lr=config.learning_rate, betas=(config.beta1, 0.999), fused=True)


def require_teacher(config: Config, size: int = FINE_BELOW_PX) -> Path:
    """Returns the teacher's folder; raises UserError where none is named, and says which network suits the size."""
    if config.teacher is None:
        fault = "method cam_gan needs a teacher"
        allowed = "--teacher with the run folder of a classifier of the same store"
        network = "fine_cnn" if size < FINE_BELOW_PX else "densenet121"
        remedy = f"Train one first: ganoscope classify STORE RUN --network {network}"
        raise UserError(describe(fault, "none", allowed, remedy))
    return Path(config.teacher)


def check(config: Config, store: Store, spec: ImageSpec) -> None:
    """Refuses a store that the teacher does not know, and a teacher that is none; all faults at once.

    Raises:
        UserError: No teacher is named; it learned from another store, other classes, sizes or intensities; it has seen
            test images; or its AUC on the test part is too low.
    """
    check_teacher(require_teacher(config, spec.size), store, config.min_teacher_auc)


def build(config: Config, spec: ImageSpec) -> CamGAN:
    """Returns the CAM-guided GAN for square images: sides that are multiples of 16 from 32 to 512; else ValueError.

    No file is touched: a run opens for generation where its teacher is gone.
    """
    return CamGAN(config, spec.size)
