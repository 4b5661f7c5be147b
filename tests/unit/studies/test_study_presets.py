"""Named studies: what the systems that they repeat have published."""

import pytest

from ganoscope.errors import UserError
from ganoscope.studies.study_presets import PRESETS, find_study_preset


def test_the_study_of_pneumonia_trains_whole_networks_by_the_published_numbers():
    config = find_study_preset("rsna-resnet50").config
    assert config.unfreeze
    assert (config.families, config.folds, config.epochs) == (("resnet50",), 5, 15)
    assert (config.batch_size, config.learning_rate, config.number) == (32, 1e-3, 5000)


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match=f"no such preset of a study: got rsna; allowed: {', '.join(PRESETS)}"):
        find_study_preset("rsna")
