"""Measures which precision and memory format make a step fastest on this device, and whether compiling pays.

Short runs skip the measurement: they use channels_last, and bf16 where the processor supports it natively.
"""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Literal

import torch
from torch import nn

from ganoscope.contracts import Batch, Domains, ImageSpec, Method
from ganoscope.errors import UserError
from ganoscope.progress import CONSOLE
from ganoscope.training.config import TrainConfig
from ganoscope.training.loop import train_step
from ganoscope.training.processes import choose_precision, make_autocast

MemoryFormat = Literal["contiguous", "channels_last"]
FORMATS: dict[MemoryFormat, torch.memory_format] = {
    "contiguous": torch.contiguous_format,
    "channels_last": torch.channels_last,
}
WARM_STEPS, TIMED_STEPS = 2, 5
GAIN = 1.1
"""Speed-up from which on a setting is preferred: less may be noise."""
WORTH_SECONDS = 600.0
"""Runs with a shorter estimated duration are not compiled."""
SHORT_IMAGES = 5_000
"""Runs of fewer images skip the measurement."""


@dataclass(frozen=True)
class Speed:
    """Settings that affect speed and not mathematics.

    Attributes:
        precision: Precision of forward passes.
        memory_format: Memory format of the weights, and so of the activations.
        compile: Whether torch.compile is used.
    """

    precision: Literal["fp32", "bf16"]
    memory_format: MemoryFormat
    compile: bool = False

    def __str__(self) -> str:
        """Returns the settings in words."""
        return f"{self.precision}, {self.memory_format}{', compiled' if self.compile else ''}"


def place_networks(networks: Iterable[nn.Module], device: torch.device, speed: Speed) -> None:
    """Moves networks to their device and memory format, and puts them into training mode.

    Args:
        networks: Networks to move.
        device: Target device.
        speed: Memory format, and whether to compile.
    """
    for network in networks:
        network.to(device).to(memory_format=FORMATS[speed.memory_format]).train()  # type: ignore[call-overload]
        if speed.compile:
            network.compile()


def choose_without_measuring(config: TrainConfig, device: str) -> Speed:
    """Returns the requested settings; in place of auto: channels_last, bf16 where native, no compiling."""
    return Speed(
        choose_precision(config.precision, device),
        "channels_last" if config.memory_format == "auto" else config.memory_format,
        config.compile == "yes",
    )


def settle_speed(config: TrainConfig, speed: Speed) -> TrainConfig:
    """Returns the configuration with the settings of `speed` in place of auto."""
    compiled: Literal["yes", "no"] = "yes" if speed.compile else "no"
    return replace(config, precision=speed.precision, memory_format=speed.memory_format, compile=compiled)


def choose_speed(make: Callable[[], Method], spec: ImageSpec, config: TrainConfig, device: torch.device) -> Speed:
    """Returns the fastest setting for each option that is `auto`, and prints the measurements.

    Args:
        make: Builds a new instance of the method.
        spec: Properties of its images.
        config: Training options, `images` resolved; options other than `auto` are kept.
        device: Where to train.

    Raises:
        UserError: `--compile yes` does not work for this method.
    """
    best = choose_without_measuring(config, device.type)
    if config.precision == "auto":
        best = replace(best, precision="fp32")
    probe = Probe(make, spec, config.batch_size, device)
    if best.compile:
        probe.refuse_impossible(best)
    if config.memory_format == "auto":
        best = replace(best, memory_format="contiguous")
        best = probe.prefer(best, replace(best, memory_format="channels_last"))
    if config.precision == "auto" and choose_precision("auto", device.type) == "bf16":
        best = probe.prefer(best, replace(best, precision="bf16"))
    if config.compile == "auto" and probe.estimate(best, config.images or 0) > WORTH_SECONDS:
        best = probe.prefer(best, replace(best, compile=True))
    CONSOLE.print(f"speed, measured in s per step: {probe.describe()}; chosen: {best}")
    return best


def make_random_batch(spec: ImageSpec, batch_size: int, device: torch.device) -> Batch | Domains:
    """Returns a random batch of the shape that the method is trained on.

    Args:
        spec: Properties of the images.
        batch_size: Number of images B; `real` has shape (B, 1, size, size), values in [-1, 1].
        device: Target device.
    """
    a, b = torch.rand(2, batch_size, 1, spec.size, spec.size, device=device) * 2 - 1
    if spec.domains:
        measured = torch.ones_like(a, dtype=torch.bool) if spec.hu_range else None
        return Domains(a, b, measured, measured)
    return Batch(a, torch.arange(batch_size, device=device) % len(spec.classes) if spec.classes else None)


class Probe:
    """Times steps of one method on random images, alternating between two settings."""

    def __init__(self, make: Callable[[], Method], spec: ImageSpec, batch_size: int, device: torch.device) -> None:
        self.make, self.device = make, device
        self.batch_size = batch_size
        self.batch = make_random_batch(spec, batch_size, device)
        self.seconds: dict[Speed, float | str] = {}

    def prefer(self, best: Speed, other: Speed) -> Speed:
        """Returns `other` if it works and is clearly faster than `best`, else `best`."""
        try:
            runners = [self.start(best), self.start(other)]
            times = [[run() for run in runners] for _ in range(WARM_STEPS + TIMED_STEPS)][WARM_STEPS:]
        except Exception as error:  # the exceptions of compilers differ from version to version
            self.seconds[other] = f"not possible here ({type(error).__name__})"
            return best
        before, after = (statistics.mean(column) for column in zip(*times, strict=True))  # not all have every phase
        self.seconds |= {best: before, other: after}
        return other if before > GAIN * after else best

    def refuse_impossible(self, speed: Speed) -> None:
        """Refuses a setting in which the method's first step fails.

        Raises:
            UserError: It fails; the message gives the reason.
        """
        try:
            self.start(speed)()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise UserError(f"--compile yes: not possible for this method ({reason}); allowed: no, auto.") from None

    def start(self, speed: Speed) -> Callable[[], float]:
        """Returns a function that runs the next step in one setting and returns its duration in seconds."""
        method, steps = self.make(), count()
        place_networks(method.networks.values(), self.device, speed)
        autocast = make_autocast(self.device.type, speed.precision)

        def run() -> float:
            begun = time.perf_counter()
            train_step(method, self.batch, next(steps), autocast)
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            return time.perf_counter() - begun

        return run

    def estimate(self, speed: Speed, images: int) -> float:
        """Returns the estimated duration of a run in seconds."""
        known = self.seconds.get(speed)
        if not isinstance(known, float):
            run = self.start(speed)
            known = self.seconds[speed] = [run() for _ in range(WARM_STEPS + 1)][-1]
        return known * images / self.batch_size

    def describe(self) -> str:
        """Returns all measurements in words."""
        parts: list[Any] = [
            f"{speed} {taken:.3f}" if isinstance(taken, float) else f"{speed} {taken}"
            for speed, taken in self.seconds.items()
        ]
        return "; ".join(parts) or "nothing, as every option is given"
