"""Settings that affect speed and not mathematics: precision, memory format, compiling. A rule chooses them.

A short measurement depends on what else the machine does at that moment, and its choice would stay for the whole run.
So `auto` follows what was measured once (`benchmarks/speed.md`): bf16 where the processor computes it natively,
channels_last, and no compiling. Two machines of one kind choose alike, and one machine always chooses the same.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

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


def choose_speed(config: TrainConfig, device: str) -> Speed:
    """Returns the requested settings; in place of auto: bf16 where native, channels_last, no compiling."""
    return Speed(
        choose_precision(config.precision, device),
        "channels_last" if config.memory_format == "auto" else config.memory_format,
        config.compile == "yes",
    )


def settle_speed(config: TrainConfig, speed: Speed) -> TrainConfig:
    """Returns the configuration with the settings of `speed` in place of auto."""
    compiled: Literal["yes", "no"] = "yes" if speed.compile else "no"
    return replace(config, precision=speed.precision, memory_format=speed.memory_format, compile=compiled)


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


def refuse_uncompilable(
    make: Callable[[], Method], spec: ImageSpec, batch_size: int, speed: Speed, device: str
) -> None:
    """Refuses to compile where the first step of the method fails; without compiling it does nothing.

    Args:
        make: Builds a new instance of the method.
        spec: Properties of its images.
        batch_size: Images per step.
        speed: Settings of the run.
        device: Where to train.

    Raises:
        UserError: It fails; the message gives the reason.
    """
    if not speed.compile:
        return
    CONSOLE.print("compiling for --compile yes: the first step takes minutes")
    method, place = make(), torch.device(device)
    place_networks(method.networks.values(), place, speed)
    try:
        train_step(method, make_random_batch(spec, batch_size, place), 0, make_autocast(device, speed.precision))
    except Exception as error:  # the exceptions of compilers differ from version to version
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"--compile yes: not possible for this method ({reason}); allowed: no, auto.") from None
