"""A pilot: what it measures on validation images becomes what to expect on held-out ones."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ganoscope.data.store import Store
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import make_design
from ganoscope.studies.outer_splits import reduce_training
from ganoscope.studies.pilot import LEAST_SD, measure_pilot

CONFIG = StudyConfig(arms=("baseline", "classical"), families=("random_features",), repeats=3, folds=2)


def write_results(folder, values):
    """Folders of finished pilot tasks with these AUROCs."""
    for number, value in enumerate(values):
        (folder / str(number)).mkdir()
        (folder / str(number) / "fitted.json").write_text(json.dumps({"validation_auroc": value}))
    return [folder / str(number) for number in range(len(values))]


@pytest.mark.parametrize("fraction", [1.0, 0.25])
def test_the_scale_is_that_of_the_validation_images_that_were_looked_at(phantom_store, tmp_path, fraction):
    """With fewer of them, the same scatter means that held-out images would scatter less."""
    config = replace(CONFIG, real_fraction=fraction)
    _, cohort, splits = make_design(Store.open(phantom_store), config)
    results = write_results(tmp_path, [0.70, 0.74, 0.72, 0.70])
    shares = []
    for number, parts in enumerate(splits):
        kept = reduce_training(parts, cohort, fraction, config.seed, number).tolist()
        shares.append(kept.count("validation") / kept.count("test"))
    expected = np.std([0.04, -0.02], ddof=1) * np.sqrt(np.mean(shares))
    assert measure_pilot(results, cohort, splits, config) == pytest.approx(expected)
    assert np.mean(shares) < fraction


def test_equal_results_leave_a_least_standard_deviation(phantom_store, tmp_path):
    _, cohort, splits = make_design(Store.open(phantom_store), CONFIG)
    assert measure_pilot(write_results(tmp_path, [0.7] * 4), cohort, splits, CONFIG) == LEAST_SD
