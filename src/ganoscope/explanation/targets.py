"""The scores that are explained: a discriminator's evidence for "real", and for "generated".

The name of a target is its function's `__name__`; it names columns, files and pictures.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganoscope.contracts import Target
from ganoscope.errors import UserError
from ganoscope.nets.evaluation_mode import evaluating, find_device
from ganoscope.training.run_folder.trained_run import TrainedRun

MakeTarget = Callable[[nn.Module], Target]
"""From a network to a score of its images: a randomised copy can be explained in the same way."""


def read_logits(output: Any) -> Tensor:
    """Returns raw scores (B,) from what a network returned: (B,), (B, 1), (B, 1, 1, 1), or an object with `.logits`.

    Raises:
        UserError: There is more than one score per image.

    Example:
        >>> read_logits(torch.zeros(2, 1)).shape
        torch.Size([2])
    """
    logits: Tensor = output if isinstance(output, Tensor) else output.logits
    if logits.dim() == 0 or logits.numel() != len(logits):
        raise UserError(
            f"the network does not give one score per image: got shape {tuple(logits.shape)}; allowed: (B,) or (B, 1). "
            "Write a target function that picks one."
        )
    return logits.flatten()


def find_discriminator(run: TrainedRun) -> nn.Module:
    """Returns a run's discriminator.

    Raises:
        UserError: The run's method has no network called `D`.
    """
    if "D" not in run.networks:
        names = ", ".join(run.networks)
        raise UserError(f"run {run.path} has no discriminator: method {run.record.method} has {names}; needed: D.")
    return run.networks["D"]


def why_real(network: nn.Module) -> Target:
    """Returns the target +logit: the evidence for "real"."""

    def why_real(images: Tensor) -> Tensor:
        return read_logits(network(images))

    return why_real


def why_generated(network: nn.Module) -> Target:
    """Returns the target -logit: the evidence for "generated"."""

    def why_generated(images: Tensor) -> Tensor:
        return -read_logits(network(images))

    return why_generated


TARGETS: Mapping[str, MakeTarget] = {"why_real": why_real, "why_generated": why_generated}


def name_target(target: Target) -> str:
    """Returns a target's name: its `__name__`, or that of its class."""
    return str(getattr(target, "__name__", type(target).__name__))


@torch.no_grad()
def compute_scores(network: nn.Module, images: Tensor, target: Target, batch_size: int = 64) -> Tensor:
    """Returns the target's score of every image, shape (N,), on the CPU, with the network in evaluation mode.

    Args:
        network: The network.
        images: Shape (N, C, H, W), network range.
        target: From images to the score (B,), computed by `network`.
        batch_size: Images per pass.
    """
    device = find_device(network)
    with evaluating(network):
        return torch.cat([target(batch.to(device)).float().cpu() for batch in images.split(batch_size)])
