"""A trained run, opened for use: its networks frozen and in evaluation mode, and the data it was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from ganoscope.contracts import Method
from ganoscope.data.store import Store
from ganoscope.data.store.domains import Domain
from ganoscope.errors import UserError, describe
from ganoscope.files.records import DAMAGE
from ganoscope.files.tables import RESTORE
from ganoscope.methods import load
from ganoscope.nets.weight_files import refuse_other_shapes
from ganoscope.training.feeding import open_run_domains
from ganoscope.training.run_folder.checkpoint import (
    FILES,
    list_checkpoints,
    load_networks,
    load_state,
    newest_checkpoint,
)
from ganoscope.training.run_folder.record import RunRecord, configure, load_record


@dataclass(frozen=True)
class RunStore:
    """The store that a run was trained on, or the reason why there is none to use.

    Attributes:
        path: Where it was looked for.
        store: The store with the fingerprint in the run's record; None where there is none.
        reason: "" where it was found; `gone`: there is no store at the path; `changed`: the store there has another
            fingerprint.
        fingerprint: Fingerprint of the store at the path; "" where there is none.
    """

    path: Path
    store: Store | None = None
    reason: Literal["", "gone", "changed"] = ""
    fingerprint: str = ""


@dataclass(frozen=True)
class TrainedRun:
    """A run's networks at one checkpoint.

    Attributes:
        path: Folder of the run.
        record: Configuration, data and versions of the run.
        images_seen: Images seen at the checkpoint.
        networks: The networks as trained, such as `D`.
        averages: Moving averages of the generators, by name: those to generate or translate with.
        latent_dim: Length of the generator's noise vectors; 0 for a translation.
        classes: Names of the classes that it is conditioned on, in the order of their codes; may be empty.
        weights_sha256: SHA-256 of the file that holds the moving averages.
    """

    path: Path
    record: RunRecord
    images_seen: int
    networks: Mapping[str, nn.Module]
    averages: Mapping[str, nn.Module]
    latent_dim: int
    classes: tuple[str, ...]
    weights_sha256: str

    def __repr__(self) -> str:
        """Returns what it is in a line: networks and configuration would fill pages."""
        return f"TrainedRun({str(self.path)!r}, {self.record.method}, {self.images_seen:,} images seen)"

    @property
    def generator(self) -> nn.Module:
        """The moving average of `G`, to generate with; a translation has none."""
        return self.averages["G"]

    def open_store(self, path: Path | None = None) -> RunStore:
        """Returns the store that the run was trained on, see `open_run_store`."""
        return open_run_store(self.record, path)

    def open_domains(self, store: Store | None) -> dict[str, Domain]:
        """Returns the domains of a translation by name; empty where their real images are gone or were changed.

        Args:
            store: The store that the run was trained on, None where it is gone.
        """
        if store is None:
            return {}
        try:
            a, b = open_run_domains(self.record.train, store)
        except UserError:  # the second store is gone
            return {}
        changed = self.record.target_fingerprint not in ("", b.store.fingerprint)
        return {} if changed else {a.name: a, b.name: b}


def open_run_store(record: RunRecord, path: Path | None = None) -> RunStore:
    """Returns the store that a run was trained on, or the reason why there is none to use.

    Args:
        record: Record of the run.
        path: Where the store is now; by default, its place in the record.

    Raises:
        UserError: The store at that place is damaged.
    """
    path = path or Path(record.store)
    if not (path / "store.json").exists():
        return RunStore(path, reason="gone")
    store = Store.open(path)
    if store.fingerprint != record.store_fingerprint:
        return RunStore(path, reason="changed", fingerprint=store.fingerprint)
    return RunStore(path, store, fingerprint=store.fingerprint)


def open_run(path: Path, device: str = "cpu", images_seen: int | None = None) -> TrainedRun:
    """Returns the run at its newest checkpoint, or at the one after `images_seen` images.

    Args:
        path: Folder of the run.
        device: Device of the networks, such as `cpu` or `cuda`.
        images_seen: Images seen at the checkpoint to use; by default, the newest.

    Raises:
        UserError: There is no run or no such checkpoint, or it is damaged.
    """
    record = load_record(path)
    checkpoint = newest_checkpoint(path) if images_seen is None else find_checkpoint(path, images_seen)
    kept = load_state(checkpoint)
    refuse_other_networks(path, record, checkpoint)
    method = build(path, record)
    copies = build(path, record).networks
    averages = {name: copies[name] for name in method.generators}
    load_networks(checkpoint / FILES[0], method.networks)
    load_networks(checkpoint / FILES[1], averages)
    for network in (*method.networks.values(), *averages.values()):
        network.to(torch.device(device)).eval().requires_grad_(False)
    return TrainedRun(
        path=path,
        record=record,
        images_seen=kept.images_seen,
        networks=method.networks,
        averages=averages,
        latent_dim=method.latent_dim,
        classes=record.spec.classes if method.classes else (),
        weights_sha256=kept.sha256[FILES[1]],
    )


def build(path: Path, record: RunRecord) -> Method:
    """Returns a run's method with new networks.

    Args:
        path: Folder of the run, for messages.
        record: Its record.

    Raises:
        UserError: The record does not describe a method that can be built.
    """
    try:
        return load(record.method).build(configure(path, record), record.spec)
    except (*DAMAGE, RuntimeError, MemoryError) as error:
        raise UserError(f"{path / 'run.json'} is damaged: {record.method} can't be built: {error}. {RESTORE}") from None


def refuse_other_networks(path: Path, record: RunRecord, checkpoint: Path) -> None:
    """Refuses a checkpoint of other networks than those of the record, before any memory is taken for them.

    Args:
        path: Folder of the run.
        record: Its record.
        checkpoint: Folder of the checkpoint.

    Raises:
        UserError: The networks differ.
    """
    with torch.device("meta"):
        refuse_other_shapes(checkpoint / FILES[0], build(path, record).networks)


def find_checkpoint(run: Path, images_seen: int) -> Path:
    """Returns the checkpoint after a number of images.

    Raises:
        UserError: There is none; the message lists those that exist.
    """
    found = {int(folder.name): folder for folder in list_checkpoints(run)}
    if images_seen not in found:
        listed = ", ".join(map(str, found)) or "none"
        raise UserError(f"run {run} has no checkpoint at {images_seen} images; allowed: {listed}.")
    return found[images_seen]


def refuse_changed_store(run: TrainedRun, found: RunStore) -> None:
    """Refuses a store that is not the one that the run was trained on.

    Raises:
        UserError: Its fingerprint differs.
    """
    if found.reason == "changed":
        given, wanted = found.fingerprint[:12], run.record.store_fingerprint[:12]
        fault = f"store {found.path} is not the one that run {run.path} was trained on: its fingerprint differs"
        raise UserError(describe(fault, given, wanted, "Name the run's own store with --store."))


def refuse_translation(run: TrainedRun) -> None:
    """Refuses a run that translates images, where one is needed that generates them from noise.

    Raises:
        UserError: The run has domains.
    """
    if run.record.domains:
        names = " and ".join(run.record.domains)
        raise UserError(
            f"run {run.path} does not generate images from noise: method {run.record.method} translates between "
            f"{names}. "
            "Use `ganoscope counterfactual RUN IMAGES OUT`."
        )
