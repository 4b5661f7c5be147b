"""Temporary evaluation mode of a network, which is left exactly as it was found."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Puts a network into evaluation mode; every module gets its own mode back, also after an error.

    In evaluation mode batch norm uses its running statistics without updating them, and dropout is off.
    """
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def find_device(network: nn.Module) -> torch.device:
    """Returns the device of a network's first parameter; the CPU where it has none."""
    parameter = next(network.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device
