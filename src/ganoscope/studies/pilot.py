"""A pilot of the baseline alone: how far its results vary from split to split by nothing but the random seed.

It tells which verdicts a design can reach before its arms are trained. The held-out patients stay closed: the pilot
looks at validation images, those that --real-fraction leaves, and its standard deviation is scaled to the number of
held-out ones. Arms that change the training images vary more than a second seed does, so the true standard deviation is
rather larger.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.files import load_json
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import Design
from ganoscope.studies.outer_splits import Cohort, reduce_training
from ganoscope.studies.result_files import FITTED
from ganoscope.studies.split_tasks import SplitTasks, find_baseline
from ganoscope.tasks.task import Task

SEEDS = 2
"""Baselines of each split, which differ by their seed alone; the first is that of the study."""
LEAST_SD = 1e-4
"""Standard deviation taken where all results are equal."""


def list_pilot_tasks(design: Design, store: Path) -> list[Task]:
    """Returns the tasks of a pilot, those of one split after each other.

    Args:
        design: The design.
        store: Folder of its store.
    """
    config = design.config
    splits = [SplitTasks(design, store, number) for number in range(min(config.pilot, design.plan.count))]
    return [split.fit(find_baseline(design), config.families[0], seed, 0) for split in splits for seed in range(SEEDS)]


def measure_pilot(
    results: Sequence[Path], cohort: Cohort, splits: Sequence[NDArray[np.str_]], config: StudyConfig
) -> float:
    """Returns the standard deviation to expect of differences over splits, in units of the AUROC.

    Args:
        results: Results of the tasks, in their order.
        cohort: The N images of the study.
        splits: Part of each of them in every split, shape (N,) each.
        config: All options.
    """
    found = np.array([load_json(folder / FITTED)["validation_auroc"] for folder in results], np.float64)
    pairs = found.reshape(-1, SEEDS)
    looked_at = (reduce_training(parts, cohort, config.real_fraction, config.seed, i) for i, parts in enumerate(splits))
    scale = np.mean([(parts == "validation").sum() / (parts == "test").sum() for parts in looked_at])
    return max(LEAST_SD, float(np.diff(pairs, axis=1).std(ddof=1) * np.sqrt(scale)))
