"""The run's store is needed for screening alone; spacing is stated where all training images share it."""

from dataclasses import replace

import pytest

from ganoscope.errors import UserError
from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.screening_inputs import find_store, read_spacing
from ganoscope.training.run_folder.trained_run import open_run


def test_a_store_that_nothing_needs_may_be_gone_or_changed(tiny_run, tmp_path):
    run = open_run(tiny_run)
    assert find_store(run, GenerateConfig()).fingerprint == run.record.store_fingerprint
    for changes in ({"store": str(tmp_path / "gone")}, {"store_fingerprint": "0" * 64}):
        changed = replace(run, record=replace(run.record, **changes))
        assert find_store(changed, GenerateConfig()) is None
        with pytest.raises(UserError, match=r"is not at .*gone|fingerprint differs"):
            find_store(changed, GenerateConfig(reject_copies=True))


def test_spacing_is_known_where_all_training_images_share_it(make_store):
    rows = [{"split": "train", "spacing_mm": "0.5 x 0.75"}] * 3 + [{"split": "test", "spacing_mm": "1.0 x 1.0"}]
    assert read_spacing(make_store(rows)) == (0.5, 0.75)
    assert read_spacing(None) is None


@pytest.mark.parametrize("second", ["0.6 x 0.75", ""])
def test_spacing_that_varies_or_is_missing_is_unknown(make_store, second):
    rows = [{"split": "train", "spacing_mm": spacing} for spacing in ("0.5 x 0.75", second)]
    assert read_spacing(make_store(rows)) is None
