"""CAM-guided GAN: a classifier's class activation maps guide generator and discriminator."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ganoscope.classifiers.teacher import Teacher, check_teacher, open_teacher
from ganoscope.contracts import Batch, ImageSpec, Phase, Terms, Traits, observed
from ganoscope.data.store import Store
from ganoscope.errors import Range, UserError, describe, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields
from ganoscope.nets.cam import Discriminator, DiscriminatorOutput, Generator, Upsampling
from ganoscope.nets.parts.instance_noise import add_instance_noise
from ganoscope.objectives.adversarial import bce_fake, bce_real
from ganoscope.objectives.cam import Merge, attention_bce, cam_l1
from ganoscope.objectives.reduction import weighted_mean

HEAD_RATE = 10.0
"""Factor of the attention heads' learning rate: they must follow features that keep changing."""

FINE_BELOW_PX = 128
"""Side below which the teacher needs a finer map than densenet121's, with its one cell per 32 pixels."""

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

    The teacher is a frozen classifier. Its maps of real and generated images, on one fixed scale, are the target of D's
    heat map (weight 1); the generator learns images on which D's and the teacher's maps agree (weight 5, gradient
    through both); and the attention of each level learns to predict where the teacher will see evidence (weight 10: at
    1, the gradient of the adversarial term at the attention heads is as large; the rest of G hardly depends on it).

    Source: the parts and their weights are this project's own. Class activation maps: Zhou et al. 2016,
        https://arxiv.org/abs/1512.04150. A teacher's attention as a loss: Zagoruyko, Komodakis 2017,
        https://arxiv.org/abs/1612.03928. Adam and initialisation: Radford et al. 2016,
        https://arxiv.org/abs/1511.06434.
    Differs: the attention term is this project's own. Its target is detached, so that attention follows the
        evidence: otherwise healthy images and no attention at all would bring the loss to zero. One-sided
        label smoothing and instance noise as in this project's DCGAN.
    """

    teacher: Path | None = None
    """Run folder of the teacher: a classifier trained by ganoscope classify on the same store. Required."""
    merge: Merge = "weighted"
    """How the teacher's class maps are merged: max, mean, weighted (by probability), or topk (mean over the three most
    probable classes)."""
    min_teacher_auc: float = 0.9
    """AUC on the store's test split that the teacher must exceed; the maps of a worse one are not evidence."""
    latent_dim: int = 100
    """Length of the noise vector z."""
    generator_channels: int = 512
    """Channels of the generator's coarsest level at 224 px; they halve from level to level, to a 32nd at the finest."""
    discriminator_channels: int = 64
    """Channels of the discriminator's finest level; coarser levels have up to 8 times as many."""
    upsampling: Upsampling = "upsample"
    """Upsampling in the generator: upsample (nearest neighbour and a convolution) or transposed (convolutions)."""
    d_cam_weight: float = 1.0
    """Weight of L1(D's heat map, teacher's map) in the discriminator's loss: mean of real and generated images."""
    g_cam_weight: float = 5.0
    """Weight of L1(D's heat map, teacher's map) of generated images in the generator's loss."""
    attention_weight: float = 10.0
    """Weight of the cross-entropy between the generator's attention and the teacher's map of the generated image."""
    learning_rate: float = 2e-4
    """Adam learning rate of both networks."""
    beta1: float = 0.5
    """Adam's first momentum; the second is 0.999."""
    label_smoothing: float = 0.9
    """Discriminator target for real images; below 1 is one-sided label smoothing."""
    instance_noise: float = 0.1
    """Standard deviation of Gaussian noise on all discriminator inputs in training, in network range; 0 for none."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: A value is out of range.
        """
        fit_fields(self)
        refuse(list_range_faults(self, RANGES))


@dataclass(frozen=True)
class Step:
    """Shared by both phases; generated images, their attention and maps have their graph.

    Attributes:
        real: Real images, shape (B, 1, H, W), in [-1, 1].
        fake: Generated images, same shape.
        attention: The generator's attention at every level, in [0, 1], shapes (B, 1, h, w).
        real_cam: The teacher's merged map of the real images, in [0, 1], shape (B, 1, H, W).
        fake_cam: The same for the generated images.
        weight: Weights of the real images, shape (B,); None for 1 each.
    """

    real: Tensor
    fake: Tensor
    attention: tuple[Tensor, ...]
    real_cam: Tensor
    fake_cam: Tensor
    weight: Tensor | None


@dataclass(frozen=True)
class DiscriminatorTerms(Terms):
    """Loss of D, and its mean probabilities of real, D(x) and D(G(z)), before this step."""

    real: Tensor
    fake: Tensor
    cam: Tensor
    d_real: Tensor = observed()
    d_fake: Tensor = observed()


@dataclass(frozen=True)
class GeneratorTerms(Terms):
    """Loss of G: non-saturating term, agreement of D's and the teacher's maps, and attention to the evidence."""

    adversarial: Tensor
    cam: Tensor
    attention: Tensor


class CamGAN:
    """The two networks, their two phases, and the teacher, which is opened for the first batch."""

    generators: tuple[str, ...] = ("G",)

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
        fake_cam = self.teacher(fake, self.config.merge).merged
        return Step(batch.real, fake, attention, real_cam, fake_cam, batch.weight)

    def discriminator_loss(self, step: Step) -> DiscriminatorTerms:
        """Returns the terms by which D learns to tell real from generated images, and to match the teacher's maps."""
        real, fake = self.discriminate(step.real), self.discriminate(step.fake.detach())
        real_distance = weighted_mean(cam_l1(real.cam, step.real_cam), step.weight)
        distance = real_distance + cam_l1(fake.cam, step.fake_cam.detach()).mean()
        return DiscriminatorTerms(
            real=weighted_mean(bce_real(real.logits, self.config.label_smoothing), step.weight),
            fake=bce_fake(fake.logits).mean(),
            cam=self.config.d_cam_weight * distance / 2,
            d_real=real.logits.float().sigmoid().mean(),
            d_fake=fake.logits.float().sigmoid().mean(),
        )

    def generator_loss(self, step: Step) -> GeneratorTerms:
        """Returns the terms by which G learns to pass for real, to make both maps agree, and to attend to evidence."""
        seen = self.discriminate(step.fake)
        return GeneratorTerms(
            adversarial=bce_real(seen.logits).mean(),
            cam=self.config.g_cam_weight * cam_l1(seen.cam, step.fake_cam).mean(),
            attention=self.config.attention_weight * attention_bce(step.attention, step.fake_cam.detach()).mean(),
        )

    def discriminate(self, image: Tensor) -> DiscriminatorOutput:
        """Returns D's output for images (B, 1, H, W) in [-1, 1] plus instance noise."""
        output: DiscriminatorOutput = self.D(add_instance_noise(image, self.config.instance_noise))
        return output


def make_adam(network: nn.Module, config: Config, heads: nn.Module | None = None) -> torch.optim.Adam:
    """Returns fused Adam with the method's momenta.

    Args:
        network: Network to train.
        config: Learning rate and momenta.
        heads: Part of the network with `HEAD_RATE` times the learning rate.
    """
    fast = list(heads.parameters()) if heads else []
    known = {id(parameter) for parameter in fast}
    groups = [{"params": [parameter for parameter in network.parameters() if id(parameter) not in known]}]
    if fast:
        groups.append({"params": fast, "lr": HEAD_RATE * config.learning_rate})  # type: ignore[dict-item]
    return torch.optim.Adam(groups, lr=config.learning_rate, betas=(config.beta1, 0.999), fused=True)


def require_teacher(config: Config, size: int = FINE_BELOW_PX) -> Path:
    """Returns the teacher's folder.

    Raises:
        UserError: None is given; the message names a network that suits the image size in pixels.
    """
    if config.teacher is None:
        fault = "method cam_gan needs a teacher"
        allowed = "--teacher with the run folder of a classifier of the same store"
        network = "fine_cnn" if size < FINE_BELOW_PX else "densenet121"
        remedy = f"Train one first: ganoscope classify STORE RUN --network {network}"
        raise UserError(describe(fault, "none", allowed, remedy))
    return Path(config.teacher)


def check(config: Config, store: Store, spec: ImageSpec) -> None:
    """Refuses a store that the teacher was not trained on, and an unfit teacher; all faults at once.

    Args:
        config: Hyper-parameters of the method.
        store: Store to train on.
        spec: Properties of its images.

    Raises:
        UserError: No teacher is given; it was trained on another store, other classes, sizes or intensities, or on test
            images; or its AUC on the test split is too low.
    """
    check_teacher(require_teacher(config, spec.size), store, config.min_teacher_auc)


TRAITS = Traits(
    unsuited={
        "diff_augment": "it moves the images that D sees, but not the teacher's map that D's map is compared with"
    },
    check=check,
    draws_attention=True,
    weighting="loss",
)


def build(config: Config, spec: ImageSpec) -> CamGAN:
    """Returns the CAM-guided GAN for square images.

    No file is read: a run can generate without its teacher.

    Raises:
        ValueError: The side is not a multiple of 16 from 32 to 512.
    """
    return CamGAN(config, spec.size)
