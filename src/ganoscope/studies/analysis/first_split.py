"""The first outer split of a finished study, opened: what was learned from, held out and generated, and who learned."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ganoscope.data.store import Store
from ganoscope.studies.families import RANDOM_FEATURES, suits
from ganoscope.studies.result_files import RUN, STORE, choose_trial
from ganoscope.studies.split_tasks import SplitTasks, list_classifiers, list_variants
from ganoscope.studies.steps.added_images import open_images
from ganoscope.tasks.kept_results import read_content


@dataclass(frozen=True)
class FirstSplit:
    """What the first outer split has left behind.

    Attributes:
        tasks: Its tasks.
        results: Folder of the results of all tasks.
    """

    tasks: SplitTasks
    results: Path

    @property
    def training(self) -> Store:
        """Patients that were learned from."""
        return Store.open(self.results / self.tasks.take_training(self.tasks.design.config.real_fraction).key / STORE)

    @property
    def held_out(self) -> Store:
        """Patients that were held out."""
        return Store.open(self.results / self.tasks.take_held_out().key / STORE)

    @property
    def synthetic(self) -> Store | None:
        """Images of the generator; None where no arm has any, or none passed its screening."""
        source = self.tasks.synthetic_source
        return open_images(self.results / self.tasks.provide_images(source).key) if source else None

    def list_contents(self) -> dict[str, str]:
        """Returns the hash of every result that pictures are made from, by the key of its task."""
        config, source = self.tasks.design.config, self.tasks.synthetic_source
        wanted = [self.tasks.take_training(config.real_fraction), self.tasks.take_held_out()]
        wanted += [self.tasks.provide_images(source)] if source else []
        wanted += [
            self.tasks.fit(variant, family, 0, trial)
            for variant, family, seed in list_classifiers(self.tasks.design)
            if family != RANDOM_FEATURES and seed == 0
            for trial in range(len(config.ratios))
        ]
        return {task.key: read_content(self.results / task.key) for task in wanted}

    def find_networks(self) -> tuple[str, Mapping[str, Path]]:
        """Returns (the first family that is a network, or ""; run folder of its classifier by arm, first seed)."""
        design = self.tasks.design
        family = next((one for one in design.config.families if one != RANDOM_FEATURES), "")
        trials = range(len(design.config.ratios))
        runs = {}
        for variant in list_variants(design) if family else ():
            if suits(family, variant.arm) and variant.fraction == design.config.real_fraction:
                folders = [self.results / self.tasks.fit(variant, family, 0, trial).key for trial in trials]
                runs[variant.name] = choose_trial(folders)[0] / RUN
        return family, runs
