"""How long, on what and how a method is trained: the training options of every method."""

from dataclasses import dataclass, replace
from typing import Literal

from ganoscope.errors import describe, refuse

DEFAULT_EPOCHS = 40.0
MAX_TICK_IMAGES = 50_000
TICKS = 20


@dataclass(frozen=True)
class TrainConfig:
    """How long, on what and how a method is trained."""

    images: int | None = None
    """Images to show to the networks, counted over all passes. Takes the place of --epochs."""
    epochs: float | None = None
    """Passes over the training images; 40 where neither this nor --images is given."""
    batch_size: int = 32
    """Images per step, over all devices."""
    seed: int = 0
    """Of initial weights, noise and order."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto takes a GPU where there is one."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """auto takes bf16 autocast where the processor computes it natively and a short measurement finds it faster."""
    memory_format: Literal["auto", "contiguous", "channels_last"] = "auto"
    """Order of the networks' weights in memory; auto takes what a short measurement finds faster."""
    compile: Literal["auto", "yes", "no"] = "auto"
    """torch.compile; auto takes it for runs over ten minutes where a measurement finds it faster."""
    devices: int = 1
    """Processes to train with, by torch.distributed; each has a part of every batch."""
    accumulate: int = 1
    """Parts that a batch is computed in, to need less memory: the gradients are added up. Above 1, every phase draws
    noise of its own."""
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    """Of all learning rates: linear stays for the first half and then falls to 0; cosine falls to 0 throughout."""
    warmup_images: int = 0
    """Images over which all learning rates rise from 0 at the start."""
    ema_half_life_images: float = 500.0
    """Half-life of the generator's moving average in images. Longer ones blur: a GAN on few images moves fast."""
    tick_images: int | None = None
    """Images between two checkpoints with their sample grids; a twentieth of the whole where it is not given."""
    augment: Literal["none", "safe"] = "none"
    """safe moves real images a little, in ways that suit the modality: never mirrored, HU never changed. What is
    generated then varies as much."""
    diff_augment: Literal["none", "fixed", "adaptive"] = "none"
    """Changes all that the discriminator sees, real and generated, so that it can't learn few images by heart; what is
    generated stays as it was. adaptive does so the more, the better it knows training images than validation images."""
    balance: bool = False
    """Draws every class equally often. The mix of classes that is learned is then no longer that of the data."""
    domains: tuple[str, str] | None = None
    """The two classes that a translation goes between, A first; not needed where the store has just two."""
    target_store: str | None = None
    """A second store that is domain B as a whole; the first one is then domain A."""
    track: Literal["none", "trackio", "wandb"] = "none"
    """Also logs the losses to Trackio, on this machine, or to Weights & Biases, offline unless WANDB_MODE is set:
    numbers alone, no pictures. Needs the extra `track`."""
    project: str = ""
    """Of the tracker; the store's name where it is not given."""
    run_name: str = ""
    """Of the tracker; the name of the run's folder where it is not given."""

    def __post_init__(self) -> None:
        """Checks every value."""
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
            faults.append(describe("--batch-size can't be shared out", self.batch_size, f"multiples of {parts}", ""))
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
        """Returns the same configuration with nothing left open but what decides about speed.

        Args:
            training_images: Number of images in the train part.
            device: Kind of device that will be used.
        """
        wanted = self.images or round((self.epochs or DEFAULT_EPOCHS) * training_images)
        images = -(-wanted // self.batch_size) * self.batch_size
        tick = self.tick_images or min(-(-images // TICKS), MAX_TICK_IMAGES)
        tick = -(-tick // self.batch_size) * self.batch_size
        return replace(self, images=images, epochs=None, device=device, tick_images=tick)
