"""A trained run, opened for use: its networks frozen and in evaluation mode."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ganoscope.errors import UserError
from ganoscope.methods import load
from ganoscope.training.run_folder.checkpoint import (
    FILES,
    list_checkpoints,
    load_networks,
    load_state,
    newest_checkpoint,
)
from ganoscope.training.run_folder.record import RunRecord, load_record


@dataclass(frozen=True)
class TrainedRun:
    """A run's networks at one checkpoint.

    Attributes:
        path: Folder of the run.
        record: What the run was.
        images_seen: Images seen at the checkpoint.
        networks: The networks as trained, such as `D`.
        averages: Moving averages of the generators, by name: those to generate or translate with.
        latent_dim: Length of the generator's noise vectors; 0 for a translation.
        classes: Names of the classes that it is conditioned on, in the order of their codes; empty for none.
        weights_sha256: Of the file that holds the moving averages.
    """

    path: Path
    record: RunRecord
    images_seen: int
    networks: Mapping[str, nn.Module]
    averages: Mapping[str, nn.Module]
    latent_dim: int
    classes: tuple[str, ...]
    weights_sha256: str

    @property
    def generator(self) -> nn.Module:
        """The moving average of `G`, which a translation has not: the one to generate with."""
        return self.averages["G"]


def open_run(path: Path, device: str = "cpu", images_seen: int | None = None) -> TrainedRun:
    """Returns the run at its newest checkpoint, or at the one after `images_seen` images.

    Raises:
        UserError: There is no run or no such checkpoint, or it is damaged.
    """
    record = load_record(path)
    checkpoint = newest_checkpoint(path) if images_seen is None else find_checkpoint(path, images_seen)
    state = load_state(checkpoint)
    module = load(record.method)
    method = module.build(module.Config(**record.method_config), record.spec)
    copies = module.build(module.Config(**record.method_config), record.spec).networks
    averages = {name: copies[name] for name in method.generators}
    load_networks(checkpoint / FILES[0], method.networks)
    load_networks(checkpoint / FILES[1], averages)
    for network in (*method.networks.values(), *averages.values()):
        network.to(torch.device(device)).eval().requires_grad_(False)
    return TrainedRun(
        path=path,
        record=record,
        images_seen=int(state["images_seen"]),
        networks=method.networks,
        averages=averages,
        latent_dim=method.latent_dim,
        classes=record.spec.classes if method.classes else (),
        weights_sha256=state["sha256"][FILES[1]],
    )


def find_checkpoint(run: Path, images_seen: int) -> Path:
    """Returns the checkpoint after a number of images; raises UserError, listing those there are, otherwise."""
    found = {int(folder.name): folder for folder in list_checkpoints(run)}
    if images_seen not in found:
        listed = ", ".join(map(str, found)) or "none"
        raise UserError(f"run {run} has no checkpoint at {images_seen} images; allowed: {listed}.")
    return found[images_seen]


def refuse_translation(run: TrainedRun) -> None:
    """Refuses a run that translates images, where one is needed that makes them of noise."""
    if run.record.domains:
        names = " and ".join(run.record.domains)
        raise UserError(
            f"run {run.path} makes no images of noise: method {run.record.method} translates between {names}. Use "
            "`ganoscope counterfactual RUN IMAGES OUT`."
        )
