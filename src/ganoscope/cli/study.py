"""Studies whether synthetic images help a classifier: a frozen design, nested splits, one verdict."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.reports.study.terminal import show_design, show_judgement
from ganoscope.studies.arms import ARMS
from ganoscope.studies.config import StudyConfig
from ganoscope.tasks.engines import EngineOptions
from ganoscope.workflows.study import study


@dataclass
class Command:
    """Compares classifiers trained with and without synthetic images, and says whether these help.

    In every outer split, generator, classifiers, screening and tuning see the training patients alone; the held-out
    patients are opened once. The design is frozen before anything is trained. Rerun the command to resume.
    """

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder of the store."""
    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """Folder of the study: a new one, or one to resume."""
    config: tyro.conf.OmitArgPrefixes[StudyConfig] = field(default_factory=StudyConfig)
    engine: tyro.conf.OmitArgPrefixes[EngineOptions] = field(default_factory=EngineOptions)

    def run(self) -> None:
        """Runs the study, and prints its verdict."""
        show_judgement(study(self.store, self.out, self.config, self.engine, show_design))


LISTED = "\n".join(f"  {arm.name}: {arm.about}" for arm in ARMS.values())
Command.__doc__ = f"{Command.__doc__}\n\nArms, chosen with --arms:\n{LISTED}\n"
