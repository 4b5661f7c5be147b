"""Trains a method on a store; rerun the same command to resume."""

from collections.abc import Sequence
from dataclasses import dataclass, field, make_dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro

from ganoscope.errors import UserError, describe
from ganoscope.methods import available
from ganoscope.presets import PRESETS, find_preset
from ganoscope.training.config import TrainConfig
from ganoscope.training.run_folder.record import RunRecord, configure, load_record
from ganoscope.training.run_folder.trained_run import open_run_store
from ganoscope.workflows.train import train


@dataclass
class Repeat:
    """Repeats the training described by a run.json, on the same store, into a new run folder."""

    run_json: Annotated[Path, tyro.conf.arg(name="from", metavar="RUN_JSON")]
    """The run.json to repeat."""
    destination: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="NEW_RUN")]
    """New run folder."""
    store: Path | None = None
    """Store that the run was trained on, if it was moved; its fingerprint must be the same."""

    def run(self) -> None:
        """Trains with the recorded configuration."""
        record = load_record(self.run_json)
        config = configure(self.run_json, record)
        train(
            record.method,
            find_store(record, self.store),
            self.destination,
            record.train,
            method_config=config,
            policy=record.augmentation,
        )


@dataclass
class Train:
    """Trains a method on a store's train split. Rerun the same command to resume; raise --images to train longer."""

    method: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="METHOD")]
    """Method or preset to train."""
    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder of the store."""
    destination: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Folder of the run: a new one, or one to resume."""
    config: tyro.conf.OmitArgPrefixes[TrainConfig] = field(default_factory=TrainConfig)
    hyper_parameters: tyro.conf.Suppress[Any] = None

    def run(self) -> None:
        """Trains."""
        train(self.method, self.store, self.destination, self.config, method_config=self.hyper_parameters)


def find_store(record: RunRecord, moved: Path | None) -> Path:
    """Returns the store to repeat a training on.

    Args:
        record: Record of the run that is repeated.
        moved: Where the user says that its store is; None for its place in the record.

    Raises:
        UserError: There is no such store, or it is not the one that the run was trained on.
    """
    found = open_run_store(record, moved)
    if found.reason == "gone":
        fault = "the store that the run was trained on is not there"
        name = f"the folder of the store called {record.store_name}, wherever it is now"
        raise UserError(describe(fault, found.path, name, "Give the store's folder with --store STORE."))
    if found.reason == "changed":
        given, wanted = found.fingerprint[:12], record.store_fingerprint[:12]
        fault = f"store {found.path} is not the one that the run was trained on: its fingerprint differs"
        raise UserError(describe(fault, given, wanted, "Name the run's own store with --store."))
    return found.path


def choose(arguments: Sequence[str]) -> type[Any]:
    """Returns the dataclass that fits the arguments: a repetition, or a training with the method's own options.

    Raises:
        UserError: The method is not the first argument, or there is no such method or preset.
    """
    if any(argument == "--from" or argument.startswith("--from=") for argument in arguments):
        return Repeat
    methods = available()
    listed = "\n".join(f"  {name}: {line}" for name, line in methods.items())
    presets = "\n".join(f"  {name}: {preset.about}" for name, preset in PRESETS.items())
    help_text = (
        f"{Train.__doc__}\n\nMethods:\n{listed}\n\nPresets, named in place of a method; every option can be changed:\n"
        f"{presets}\n\nganoscope train --from RUN/run.json NEW_RUN repeats a run."
    )
    if not arguments or arguments[0] in ("-h", "--help"):
        return make_dataclass("Train", [], bases=(Train,), namespace={"__doc__": help_text})
    if arguments[0].startswith("-"):
        raise UserError(f"the method comes first: got {arguments[0]}; allowed: {', '.join((*methods, *PRESETS))}.")
    preset = find_preset(arguments[0])
    general = preset.train
    if any(argument.split("=")[0] == "--epochs" for argument in arguments):
        general = replace(general, images=None)  # a preset's number of images would take precedence
    own: Any = tyro.conf.OmitArgPrefixes[type(preset.method_config)]  # type: ignore[misc]
    options: list[Any] = [
        ("config", tyro.conf.OmitArgPrefixes[TrainConfig], field(default_factory=lambda: general)),
        ("hyper_parameters", own, field(default_factory=lambda: preset.method_config)),
    ]
    return make_dataclass("Train", options, bases=(Train,), namespace={"__doc__": help_text})
