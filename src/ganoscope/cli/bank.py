"""Trains a bank of small GANs on random halves of the patients: what an audit compares memberships with."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.banks.config import BankConfig
from ganoscope.reports.printed_bank import show_bank, show_plan
from ganoscope.tasks.engines import EngineOptions
from ganoscope.workflows.bank import bank


@dataclass
class Command:
    """Trains many small GANs, each on a random half of the patients, and keeps their images and who is in which.

    Models 2j and 2j + 1 learn from the two halves of one random division, so every patient is in exactly half of the
    models. All images of the store take part, whatever their split; prepare patients who are to stay outside as another
    store. The plan is frozen before anything is trained. Rerun the command to resume.
    """

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder of the store."""
    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """Folder of the bank: a new one, or one to resume."""
    config: tyro.conf.OmitArgPrefixes[BankConfig] = field(default_factory=BankConfig)
    engine: tyro.conf.OmitArgPrefixes[EngineOptions] = field(default_factory=EngineOptions)

    def run(self) -> None:
        """Trains the bank, and prints where it is."""
        show_bank(bank(self.store, self.out, self.config, self.engine, show_plan))
