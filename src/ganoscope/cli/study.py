"""Studies whether synthetic images help a classifier: a frozen design, nested splits, one verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from ganoscope.reports.study.printed import show_design, show_judgement
from ganoscope.studies.analysis.config import AnalysisConfig
from ganoscope.studies.arms import ARMS
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.study_presets import PRESETS, find_study_preset
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
    preset: str = ""
    """Named study to begin with (see the list above)."""
    config: tyro.conf.OmitArgPrefixes[StudyConfig] = field(default_factory=StudyConfig)
    engine: tyro.conf.OmitArgPrefixes[EngineOptions] = field(default_factory=EngineOptions)
    analysis: tyro.conf.OmitArgPrefixes[AnalysisConfig] = field(default_factory=AnalysisConfig)

    def run(self) -> None:
        """Runs the study, and prints its verdict."""
        show_judgement(study(self.store, self.out, self.config, self.engine, self.analysis, show_design))


def choose(arguments: Sequence[str]) -> type[Any]:
    """Returns the command with the options of the preset that the arguments name, as far as they name one.

    Raises:
        UserError: There is no such preset.
    """
    joined = " ".join(arguments).replace("--preset=", "--preset ").split()
    name = joined[joined.index("--preset") + 1] if "--preset" in joined[:-1] else ""
    if not name:
        return Command
    config = find_study_preset(name).config
    options: list[Any] = [
        ("config", tyro.conf.OmitArgPrefixes[StudyConfig], field(default_factory=lambda: config)),
    ]
    return make_dataclass("Command", options, bases=(Command,), namespace={"__doc__": Command.__doc__})


LISTED = "\n".join(f"  {arm.name}: {arm.about}" for arm in ARMS.values())
NAMED = "\n".join(f"  {preset.name}: {preset.about}" for preset in PRESETS.values())
Command.__doc__ = f"{Command.__doc__}\n\nArms, chosen with --arms:\n{LISTED}\n\nPresets:\n{NAMED}\n"
