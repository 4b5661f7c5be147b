"""Checkpoints: safetensors and JSON only, written atomically, verified when read.

A checkpoint is a folder `checkpoints/<images seen>/` with `networks.safetensors`, `averages.safetensors`,
`optimizers.safetensors` and, written last, `state.json` with the progress and the files' SHA-256. Random numbers and
the sampler need no state: both are functions of the seed and the images seen.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from ganoscope.contracts import Phase
from ganoscope.errors import Range, UserError, describe
from ganoscope.files import compute_sha256, new_folder, partial_name, remove, remove_leftovers, save_json
from ganoscope.files.records import DAMAGE, load_record
from ganoscope.files.tables import RESTORE
from ganoscope.nets.weight_files import load_tensors

KEEP = 2
"""Number of checkpoints kept: the newest, and one to fall back to."""

FILES = ("networks.safetensors", "averages.safetensors", "optimizers.safetensors")


@dataclass(frozen=True)
class Kept:
    """The content of a checkpoint's `state.json`.

    Attributes:
        images_seen: Images seen so far.
        optimizers: Settings of the optimizers by the name of their phase.
        sha256: SHA-256 of the other files by name.
    """

    images_seen: Annotated[int, Range(0)]
    optimizers: dict[str, list[dict[str, Any]]]
    sha256: dict[str, str]


@dataclass(frozen=True)
class TrainingState:
    """Everything that a checkpoint keeps, by reference.

    Attributes:
        networks: Trained networks by name.
        averages: Moving averages by the name of the network that they follow.
        phases: Phases whose optimizers are kept.
    """

    networks: Mapping[str, nn.Module]
    averages: Mapping[str, nn.Module]
    phases: tuple[Phase, ...]


def save_checkpoint(run: Path, images_seen: int, state: TrainingState) -> Path:
    """Writes a checkpoint, removes all but the newest `KEEP`, and returns its folder.

    Args:
        run: Folder of the run.
        images_seen: Images seen so far.
        state: State to save.
    """
    folder = run / "checkpoints" / f"{images_seen:010d}"
    if folder.exists():
        return folder
    optimizers, settings = flatten_optimizers(state.phases)
    contents = (flatten_networks(state.networks), flatten_networks(state.averages), optimizers)
    with new_folder(folder) as partial:
        for name, tensors in zip(FILES, contents, strict=True):
            save_tensors(tensors, partial / name)
        digests = {name: compute_sha256(partial / name) for name in FILES}
        save_json(partial / "state.json", {"images_seen": images_seen, "optimizers": settings, "sha256": digests})
    for old in list_checkpoints(run)[:-KEEP]:
        doomed = partial_name(old)  # a kill during removal must not leave half a checkpoint
        old.rename(doomed)
        remove(doomed)
    return folder


def save_tensors(tensors: dict[str, Tensor], path: Path) -> None:
    """Writes named tensors of any shape as a safetensors file.

    Raises:
        OSError: The file can't be written, for example because the disk is full.
    """
    try:
        save_file(tensors, path)
    except SafetensorError as error:
        found = re.search(r"os error (\d+)", str(error))
        if not found:
            raise
        raise OSError(int(found[1]), os.strerror(int(found[1])), str(path)) from None


def list_checkpoints(run: Path) -> list[Path]:
    """Returns the folders of complete checkpoints, oldest first."""
    return sorted(folder for folder in (run / "checkpoints").glob("[0-9]*") if (folder / "state.json").exists())


def newest_checkpoint(run: Path) -> Path:
    """Returns the newest complete checkpoint.

    Raises:
        UserError: The run has none.
    """
    found = list_checkpoints(run)
    if not found:
        raise UserError(f"run {run} has no checkpoint. Train it with `ganoscope train`, or name another run.")
    return found[-1]


def load_checkpoint(folder: Path, state: TrainingState) -> int:
    """Loads a checkpoint into networks, averages and optimizers, and returns the images seen.

    Raises:
        UserError: A file is damaged or missing, or does not fit the networks.
    """
    remove_leftovers(folder.parent)
    kept = load_state(folder)
    load_networks(folder / FILES[0], state.networks)
    load_networks(folder / FILES[1], state.averages)
    tensors = load_tensors(folder / FILES[2])
    try:
        restore_optimizers(state.phases, tensors, kept.optimizers)
    except (*DAMAGE, RuntimeError) as error:
        raise UserError(f"{folder} does not fit the optimizers: {error}. Remove it to resume before it.") from None
    return kept.images_seen


def load_state(folder: Path) -> Kept:
    """Returns a checkpoint's `state.json` after verifying every file against its SHA-256.

    Raises:
        UserError: A file is damaged or missing; the message names it and a remedy.
    """
    kept = load_record(folder / "state.json", Kept)
    if set(kept.sha256) != set(FILES):
        listed = ", ".join(sorted(kept.sha256))[:200]
        raise UserError(describe(f"{folder / 'state.json'} names other files", listed, ", ".join(FILES), RESTORE))
    for name, digest in kept.sha256.items():
        path = folder / name
        if not path.exists() or compute_sha256(path) != digest:
            raise UserError(
                f"checkpoint file {path} is {'damaged: its SHA-256 differs' if path.exists() else 'missing'}. "
                f"Restore it, or remove the folder {folder}: training then resumes from the previous checkpoint."
            )
    return kept


def load_networks(path: Path, networks: Mapping[str, nn.Module]) -> None:
    """Loads the weights in a file into the networks.

    Raises:
        UserError: The file does not fit the networks.
    """
    tensors = load_tensors(path)
    for name, network in networks.items():
        prefix = f"{name}."
        own = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        try:
            network.load_state_dict(own)
        except RuntimeError as error:
            raise UserError(f"{path} does not fit network {name}: {error}") from None


def flatten_networks(networks: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Returns the states of all networks (any shapes) in one dictionary, keys prefixed with the network's name."""
    return {
        f"{name}.{key}": tensor.contiguous()
        for name, network in networks.items()
        for key, tensor in network.state_dict().items()
    }


def flatten_optimizers(phases: tuple[Phase, ...]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Returns the optimizers' tensors (any shapes) by `phase.parameter.key`, and their settings as JSON values."""
    tensors: dict[str, Tensor] = {}
    settings: dict[str, Any] = {}
    for phase in phases:
        state = phase.optimizer.state_dict()
        for index, entries in state["state"].items():
            tensors |= {f"{phase.name}.{index}.{key}": value.contiguous() for key, value in entries.items()}
        settings[phase.name] = json.loads(json.dumps(state["param_groups"]))
    return tensors, settings


def refuse_other_settings(phase: Phase, groups: Sequence[Mapping[str, Any]]) -> None:
    """Refuses settings of an optimizer that have other names or types than its own.

    Raises:
        ValueError: They have.
    """
    own = json.loads(json.dumps(phase.optimizer.state_dict()["param_groups"]))
    if [describe_types(group) for group in groups] != [describe_types(group) for group in own]:
        raise ValueError(f"the settings of {phase.name} are not those of its optimizer")


def describe_types(group: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the kinds of values in a group of settings; parameters, which are numbered, as they are."""
    kinds = {name: "number" if type(value) in (int, float) else type(value) for name, value in group.items()}
    return {**kinds, "params": group.get("params"), "betas": len(group.get("betas", ()))}


def restore_optimizers(phases: tuple[Phase, ...], tensors: Mapping[str, Tensor], settings: Mapping[str, Any]) -> None:
    """Restores the optimizers from the result of `flatten_optimizers`.

    Args:
        phases: Phases whose optimizers are restored.
        tensors: Their tensors by `phase.parameter.key`, any shapes.
        settings: Their settings.

    Raises:
        ValueError: A setting has another name or type than the optimizers'.
    """
    for phase in phases:
        refuse_other_settings(phase, settings[phase.name])
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            owner, index, key = name.rsplit(".", 2)
            if owner == phase.name:
                state.setdefault(int(index), {})[key] = value
        phase.optimizer.load_state_dict({"state": state, "param_groups": settings[phase.name]})
        for parameter, entries in phase.optimizer.state.items():
            for key, value in entries.items():
                if value.shape == parameter.shape:  # fused kernels expect the parameter's own memory layout
                    entries[key] = torch.empty_like(parameter).copy_(value)
