"""Reads named tensors from safetensors files: finite ones only, and only those that a network has."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from ganoscope.errors import UserError

DAMAGE = (OSError, SafetensorError, ValueError, TypeError, KeyError, OverflowError, MemoryError, RuntimeError)
"""What reading a damaged file raises."""
REMEDY = "Restore it from a copy, or train again."
LISTED = 3
"""Most tensors that a message names."""


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Returns the named tensors, of any shape, in a safetensors file.

    Raises:
        UserError: The file is missing or damaged, or a number in it is infinite or none at all.
    """
    try:
        tensors = load_file(path)
    except DAMAGE as error:
        raise UserError(f"weights file {path} can't be read: {error}. {REMEDY}") from None
    broken = [name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]
    if broken:
        count = int((~torch.isfinite(tensors[broken[0]])).sum())
        raise UserError(
            f"weights file {path} holds numbers that are not finite, in {len(broken)} of {len(tensors)} tensors: the "
            f"first is {broken[0]}, with {count:,} of {tensors[broken[0]].numel():,}. Nothing that it computes would "
            "mean anything. Use an earlier checkpoint, or train again with a lower learning rate."
        )
    return tensors


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Returns the shapes of the tensors in a safetensors file by name, without reading the tensors.

    Raises:
        UserError: The file is missing or damaged.
    """
    try:
        with safe_open(path, "pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - no mapping
    except DAMAGE as error:
        raise UserError(f"weights file {path} can't be read: {error}. {REMEDY}") from None


def refuse_other_shapes(path: Path, networks: Mapping[str, nn.Module]) -> None:
    """Refuses a file that holds other tensors than the networks have; they may be on the device `meta`.

    Args:
        path: The file; the names in it begin with those of the networks.
        networks: Networks by name.

    Raises:
        UserError: A tensor is missing, or has another shape.
    """
    found = read_shapes(path)
    wanted = {
        f"{name}.{key}": tuple(value.shape) for name, one in networks.items() for key, value in one.state_dict().items()
    }
    other = {name: shape for name, shape in wanted.items() if found.get(name) != shape}
    faults = [f"{name} has shape {found.get(name, 'none')}, not {shape}" for name, shape in other.items()]
    if faults:
        more = f" and {len(faults) - LISTED:,} more" if len(faults) > LISTED else ""
        raise UserError(f"{path} does not fit the networks of the record: {'; '.join(faults[:LISTED])}{more}. {REMEDY}")
