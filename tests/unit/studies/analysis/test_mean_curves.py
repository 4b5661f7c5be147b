"""Mean training curves."""

import pytest
from tests.fixtures.study_tables import SPLITS, write_rows, write_tables

from ganoscope.studies.analysis.mean_curves import average_curves


def test_curves_are_averaged_epoch_by_epoch(tmp_path):
    write_tables(tmp_path)
    found = {(one.arm, one.metric, one.epoch): one for one in average_curves(tmp_path)}
    one = found["augmented", "validation_auroc", 2]
    assert (one.mean, one.sd, one.classifiers) == (pytest.approx(0.7), pytest.approx(0), SPLITS)
    assert found["augmented", "added_share", 3].mean == 0.5


def test_spread_is_that_over_splits(tmp_path):
    row = {"arm": "a", "family": "f", "epoch": 1, "train_loss": 1, "validation_loss": 1, "validation_auroc": 0.5}
    row |= {"validation_accuracy": 0.5, "added_share": 0}
    write_rows(tmp_path / "history.csv", [{"split": n, **row, "train_loss": loss} for n, loss in enumerate((1, 2, 3))])
    loss = next(one for one in average_curves(tmp_path) if one.metric == "train_loss")
    assert (loss.mean, loss.sd) == (2, 1)
