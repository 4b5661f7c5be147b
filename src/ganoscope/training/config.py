"""Training options shared by all methods."""

from dataclasses import dataclass, replace
from typing import Literal

from ganoscope.errors import describe, refuse
from ganoscope.files.field_types import fit_fields

DEFAULT_EPOCHS = 40.0
MAX_TICK_IMAGES = 50_000
TICKS = 20


@dataclass(frozen=True)
class TrainConfig:
    """Training options."""

    images: int | None = None
    """Number of images to train on, counted over all epochs; takes precedence over --epochs."""
    epochs: float | None = None
    """Passes over the training images; 40 if neither this nor --images is given."""
    batch_size: int = 32
    """Images per step, over all devices."""
    seed: int = 0
    """Random seed."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to compute on; auto uses a GPU if there is one."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision; auto uses bf16 autocast if it is native to the processor."""
    memory_format: Literal["auto", "contiguous", "channels_last"] = "auto"
    """Memory format of the networks' weights; auto uses channels_last."""
    compile: Literal["auto", "yes", "no"] = "auto"
    """Use of torch.compile; auto does not use it. Methods with a gradient penalty can't be compiled."""
    devices: int = 1
    """Number of training processes (torch.distributed); each gets a part of every batch."""
    accumulate: int = 1
    """Number of parts into which a batch is split to save memory; gradients are accumulated. Above 1, every phase draws
    its own noise."""
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    """Learning-rate schedule: constant; linear (constant for half of the run, then falling to 0); cosine (falling to 0
    over the whole run)."""
    warmup_images: int = 0
    """Images over which all learning rates rise from 0 at the start."""
    ema_half_life_images: float = 500.0
    """Half-life, in images, of the moving average of the generator's weights. A longer one blurs the images of a GAN
    that still changes fast, as on few images."""
    tick_images: int | None = None
    """Images between two checkpoints and sample grids; by default, a twentieth of the run."""
    augment: Literal["none", "safe"] = "none"
    """Augmentation of real images: safe shifts them slightly, as suits the modality; images are never mirrored and HU
    never change. Generated images then vary as much."""
    diff_augment: Literal["none", "fixed", "adaptive"] = "none"
    """Augmentation of all discriminator inputs, real and generated, against memorising few images; generated images
    themselves are not affected. adaptive raises its probability as the discriminator overfits to the training images,
    measured against validation images."""
    balance: bool = False
    """Sample every class equally often. Generated images then no longer have the class frequencies of the data."""
    domains: tuple[str, str] | None = None
    """The two classes to translate between, A first; not needed if the store has only two."""
    target_store: str | None = None
    """Second store, used as domain B; the first store is then domain A."""
    track: Literal["none", "trackio", "wandb"] = "none"
    """Also log the losses to Trackio (on this machine) or Weights & Biases (offline unless WANDB_MODE is set): numbers
    only, no images. Needs the extra `track`."""
    project: str = ""
    """Project name for the tracker; by default, the store's name."""
    run_name: str = ""
    """Run name for the tracker; by default, the name of the run folder."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: A value is out of range.
        """
        fit_fields(self)
        counts = {"images": self.images, "devices": self.devices, "tick-images": self.tick_images}
        counts["accumulate"] = self.accumulate
        faults = [
            describe(f"--{name} is too small", value, "1 or more", "Raise it.")
            for name, value in counts.items()
            if value is not None and value < 1
        ]
        if self.batch_size < 1:
            faults.append(describe("--batch-size is too small", self.batch_size, "1 or more", "32 is usual."))
        parts = self.devices * self.accumulate
        if parts >= 1 and self.batch_size % parts:
            faults.append(describe("--batch-size can't be split evenly", self.batch_size, f"multiples of {parts}", ""))
        if self.warmup_images < 0:
            faults.append(describe("--warmup-images is negative", self.warmup_images, "0 or more", ""))
        if self.epochs is not None and self.epochs <= 0:
            faults.append(describe("--epochs is too small", self.epochs, "above 0", "40 is usual."))
        for name in ("project", "run_name"):
            if getattr(self, name) and self.track == "none":
                fault, given = f"--{name.replace('_', '-')} without a tracker", getattr(self, name)
                faults.append(describe(fault, given, "not given", "Name the tracker with --track."))
        if self.ema_half_life_images < 0:
            faults.append(describe("--ema-half-life-images is negative", self.ema_half_life_images, "0 or more", ""))
        refuse(faults)

    def resolve(self, training_images: int, device: Literal["cpu", "cuda"]) -> "TrainConfig":
        """Returns the same options with all defaults resolved, except those that affect speed.

        Args:
            training_images: Number of images in the train split.
            device: Kind of device that is used.
        """
        wanted = self.images or round((self.epochs or DEFAULT_EPOCHS) * training_images)
        images = -(-wanted // self.batch_size) * self.batch_size
        tick = self.tick_images or min(-(-images // TICKS), MAX_TICK_IMAGES)
        tick = -(-tick // self.batch_size) * self.batch_size
        return replace(self, images=images, epochs=None, device=device, tick_images=tick)
