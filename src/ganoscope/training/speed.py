"""Which precision and memory format make a step fastest, and whether compiling pays: measured on the device at hand.

A short run is not worth measuring for: it takes channels_last, and bf16 where the processor computes it natively.
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
"""A setting is taken when it is this many times faster than the one before: less may be noise."""
WORTH_SECONDS = 600.0
"""Runs that take less at the speed found so far are not compiled."""
SHORT_IMAGES = 5_000
"""Runs of fewer images are not measured."""


@dataclass(frozen=True)
class Speed:
    """What decides about speed and not about mathematics.

    Attributes:
        precision: Of the networks' passes.
        memory_format: Of their weights, and so of what they compute.
        compile: Whether torch.compile is used.
    """

    precision: Literal["fp32", "bf16"]
    memory_format: MemoryFormat
    compile: bool = False

    def __str__(self) -> str:
        """Returns it in words."""
        return f"{self.precision}, {self.memory_format}{', compiled' if self.compile else ''}"


def place_networks(networks: Iterable[nn.Module], device: torch.device, speed: Speed) -> None:
    """Moves networks to their device in the chosen memory format, for training."""
    for network in networks:
        network.to(device).to(memory_format=FORMATS[speed.memory_format]).train()  # type: ignore[call-overload]
        if speed.compile:
            network.compile()


def choose_without_measuring(config: TrainConfig, device: str) -> Speed:
    """Returns what is asked for; for what is left open, channels_last, bf16 where it is native, and no compiling."""
    return Speed(
        choose_precision(config.precision, device),
        "channels_last" if config.memory_format == "auto" else config.memory_format,
        config.compile == "yes",
    )


def settle_speed(config: TrainConfig, speed: Speed) -> TrainConfig:
    """Returns the configuration with the precision, the memory format and the compiling of `speed`."""
    compiled: Literal["yes", "no"] = "yes" if speed.compile else "no"
    return replace(config, precision=speed.precision, memory_format=speed.memory_format, compile=compiled)


def choose_speed(make: Callable[[], Method], spec: ImageSpec, config: TrainConfig, device: torch.device) -> Speed:
    """Returns the fastest of the settings that are left open, and prints what was measured.

    Args:
        make: Builds the method anew.
        spec: Of its images.
        config: How to train, `images` resolved; what is not `auto` in it stays.
        device: Where to train.
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
    CONSOLE.print(f"speed, measured in s per step: {probe.describe()}; taken: {best}")
    return best


def make_random_batch(spec: ImageSpec, batch_size: int, device: torch.device) -> Batch | Domains:
    """Returns a batch of noise such as the method will get of images."""
    a, b = torch.rand(2, batch_size, 1, spec.size, spec.size, device=device) * 2 - 1
    if spec.domains:
        measured = torch.ones_like(a, dtype=torch.bool) if spec.hu_range else None
        return Domains(a, b, measured, measured)
    return Batch(a, torch.arange(batch_size, device=device) % len(spec.classes) if spec.classes else None)


class Probe:
    """Times steps of one method on random images, two settings in turn."""

    def __init__(self, make: Callable[[], Method], spec: ImageSpec, batch_size: int, device: torch.device) -> None:
        self.make, self.device = make, device
        self.batch_size = batch_size
        self.batch = make_random_batch(spec, batch_size, device)
        self.seconds: dict[Speed, float | str] = {}

    def prefer(self, best: Speed, other: Speed) -> Speed:
        """Returns `other` where it is clearly faster than `best`, and works at all."""
        try:
            runners = [self.start(best), self.start(other)]
            times = [[run() for run in runners] for _ in range(WARM_STEPS + TIMED_STEPS)][WARM_STEPS:]
        except Exception as error:  # what a compiler can't do, and how it says so, differs from version to version
            self.seconds[other] = f"not possible here ({type(error).__name__})"
            return best
        before, after = (statistics.mean(column) for column in zip(*times, strict=True))  # not all have every phase
        self.seconds |= {best: before, other: after}
        return other if before > GAIN * after else best

    def refuse_impossible(self, speed: Speed) -> None:
        """Refuses a setting in which the method's first step fails."""
        try:
            self.start(speed)()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise UserError(f"--compile yes: not possible for this method ({reason}); allowed: no, auto.") from None

    def start(self, speed: Speed) -> Callable[[], float]:
        """Returns a function that runs the next step in one setting, and returns its seconds."""
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
        """Returns the seconds that a run of so many images will take."""
        known = self.seconds.get(speed)
        if not isinstance(known, float):
            run = self.start(speed)
            known = self.seconds[speed] = [run() for _ in range(WARM_STEPS + 1)][-1]
        return known * images / self.batch_size

    def describe(self) -> str:
        """Returns all that was measured, in words."""
        parts: list[Any] = [
            f"{speed} {taken:.3f}" if isinstance(taken, float) else f"{speed} {taken}"
            for speed, taken in self.seconds.items()
        ]
        return "; ".join(parts) or "nothing, as all is given"
