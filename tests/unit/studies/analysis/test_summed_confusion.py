"""Confusion matrices, summed over splits."""

from tests.fixtures.study_tables import SPLITS, write_tables

from ganoscope.studies.analysis.summed_confusion import count_held_out, sum_confusion


def test_cells_add_up_over_splits(tmp_path):
    write_tables(tmp_path)
    cells = {(one.part, one.family, one.arm, one.label, one.prediction): one.images for one in sum_confusion(tmp_path)}
    assert cells["held_out", "small_cnn", "augmented", "glioma", "glioma"] == 30 * SPLITS
    assert cells["held_out", "small_cnn", "augmented", "glioma", "notumor"] == 10 * SPLITS


def test_held_out_images_are_counted_once(tmp_path):
    write_tables(tmp_path)
    assert count_held_out(tmp_path) == {
        split: {"glioma": 50, "meningioma": 30, "notumor": 30} for split in range(SPLITS)
    }
