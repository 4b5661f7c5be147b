"""Trains a method on a store; the same command again resumes it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, make_dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import tyro

from ganoscope.errors import UserError
from ganoscope.methods import available, load
from ganoscope.training.config import TrainConfig
from ganoscope.training.run_folder.record import load_record
from ganoscope.workflows.train import train


@dataclass
class Repeat:
    """Trains again what a run.json describes, on the same store, into a new run folder."""

    run_json: Annotated[Path, tyro.conf.arg(name="from", metavar="RUN_JSON")]
    """The run.json to repeat."""
    destination: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="NEW_RUN")]
    """Run folder to make."""

    def run(self) -> None:
        """Trains with the recorded configuration."""
        record = load_record(self.run_json)
        config = load(record.method).Config(**record.method_config)
        store = Path(record.store)
        train(
            record.method,
            store,
            self.destination,
            record.train,
            method_config=config,
            policy=record.augmentation,
        )


@dataclass
class Train:
    """Trains a method on a store's train part. The same command again resumes; a larger --images goes on."""

    method: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="METHOD")]
    """What to train."""
    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder of the store."""
    destination: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Folder of the run: made anew, or one to go on with."""
    config: tyro.conf.OmitArgPrefixes[TrainConfig] = field(default_factory=TrainConfig)

    def run(self) -> None:
        """Trains."""
        own = getattr(self, "hyper_parameters", None)
        train(self.method, self.store, self.destination, self.config, method_config=own)


def choose(arguments: Sequence[str]) -> type[Any]:
    """Returns the dataclass that fits the arguments: a repetition, or a training with the method's own options."""
    if any(argument == "--from" or argument.startswith("--from=") for argument in arguments):
        return Repeat
    methods = available()
    listed = "\n".join(f"  {name}: {line}" for name, line in methods.items())
    help_text = f"{Train.__doc__}\n\nMethods:\n{listed}\n\nganoscope train --from RUN/run.json NEW_RUN repeats a run."
    if not arguments or arguments[0] in ("-h", "--help"):
        return make_dataclass("Train", [], bases=(Train,), namespace={"__doc__": help_text})
    if arguments[0].startswith("-"):
        raise UserError(f"the method comes first: got {arguments[0]}; allowed: {', '.join(methods)}.")
    module = load(arguments[0])
    own: Any = tyro.conf.OmitArgPrefixes[module.Config]  # type: ignore[misc, name-defined]
    general = partial(TrainConfig, **getattr(module, "DEFAULTS", {}))
    options: list[Any] = [
        ("hyper_parameters", own, field(default_factory=module.Config)),
        ("config", tyro.conf.OmitArgPrefixes[TrainConfig], field(default_factory=general)),
    ]
    return make_dataclass("Train", options, bases=(Train,), namespace={"__doc__": help_text})
