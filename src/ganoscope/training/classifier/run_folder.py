"""The run folder of a classifier: its requested configuration, its weights, and its record."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganoscope.classifiers.trained import (
    WEIGHTS,
    ClassifierRecord,
)
from ganoscope.data.store import Store
from ganoscope.data.store.classes import count_classes
from ganoscope.errors import UserError, refuse
from ganoscope.files import replacing, save_json
from ganoscope.files.records import load_mapping
from ganoscope.locks import is_vacant
from ganoscope.nets.pretrained import PretrainedWeights, freeze_body, get_input_kind, load_pretrained, make_network
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.training.run_folder.checkpoint import save_tensors
from ganoscope.training.run_folder.record import find_git_commit, list_versions

REQUEST = "classify.json"
"""The requested configuration: written first, so that a later call can compare its own with it."""


def start_network(classes: int, config: ClassifyConfig) -> tuple[nn.Module, PretrainedWeights]:
    """Returns (the network with its initial weights, their origin); the origin's source is "" where they are random."""
    torch.manual_seed(config.seed)
    if config.weights is None:
        return make_network(config.network, classes, "grey"), PretrainedWeights("", "", ())
    network, weights = load_pretrained(config.network, classes, config.weights, config.weights_source)
    if config.freeze_body:
        freeze_body(network)
    return network, weights


def claim_run(run: Path, store: Store, config: ClassifyConfig) -> str:
    """Writes the requested configuration into a new run folder, and returns the time at which the run was started.

    Args:
        run: Folder of the run.
        store: Store that is trained on.
        config: Resolved configuration.

    Raises:
        UserError: The folder holds something else, or a run with other settings; all differences are reported.
    """
    asked: dict[str, Any] = {"store_fingerprint": store.fingerprint, **describe_config(config)}
    path = run / REQUEST
    if path.exists():
        earlier = load_mapping(path)
        refuse(
            [
                f"run {run} was started with {name} {earlier.get(name)}; got {value}. Use the former, or a new folder."
                for name, value in asked.items()
                if earlier.get(name) != value and name != "epochs"
            ]
        )
        return str(earlier.get("started", ""))
    if not is_vacant(run):
        raise UserError(f"run folder {run} is not empty and holds no classifier; allowed: a new folder, or a run's.")
    started = datetime.now(UTC).isoformat(timespec="seconds")
    save_json(path, {**asked, "started": started})
    return started


def describe_config(config: ClassifyConfig) -> dict[str, Any]:
    """Returns a configuration as JSON values; the file of weights by its name only, as its folder may name a person."""
    weights, source = (config.weights.name, config.weights_source) if config.weights else (None, None)
    return {**asdict(config), "weights": weights, "weights_source": source}


def save_weights(run: Path, network: nn.Module) -> None:
    """Writes `classifier.safetensors`."""
    with replacing(run / WEIGHTS) as partial:
        save_tensors({name: tensor.contiguous().cpu() for name, tensor in network.state_dict().items()}, partial)


def make_record(
    store: Store, config: ClassifyConfig, started: str, weights: PretrainedWeights, weights_sha256: str
) -> ClassifierRecord:
    """Returns the record of a trained network, before it is calibrated and evaluated.

    Args:
        store: Store that it was trained on.
        config: Training configuration.
        started: Date and time of the start (UTC).
        weights: Origin of its initial weights.
        weights_sha256: SHA-256 of its trained weights.
    """
    return ClassifierRecord(
        network=config.network,
        classes=tuple(count_classes(store)),
        channels=1,
        size=store.size,
        intensity=store.intensity,
        store_name=store.name,
        store_fingerprint=store.fingerprint,
        store=str(store.path.resolve()),
        modality=store.modality,
        sample_ids=list_ids(store, "train"),
        validation_ids=list_ids(store, "validation"),
        temperature=1.0,
        trained_on=list(weights.trained_on),
        weights_sha256=weights_sha256,
        config={**describe_config(config), "pretrained_sha256": weights.sha256 or None},
        metrics={},
        versions=list_versions(),
        git_commit=find_git_commit(),
        started=started,
        input_kind=get_input_kind(weights.source) if weights.source else "grey",
    )


def list_ids(store: Store, split: str) -> list[str]:
    """Returns the sample ids of one split."""
    ids: list[str] = store.column("sample_id")[store.indices(split)].tolist()
    return ids
