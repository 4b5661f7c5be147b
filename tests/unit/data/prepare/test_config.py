"""Configuration: all faults at once."""

import pytest

from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.errors import UserError


@pytest.mark.parametrize("size", [15, 1025, 0, -3])
def test_size_out_of_range_is_refused(size):
    with pytest.raises(UserError, match=f"--size is out of range: got {size}; allowed: 16 to 1024"):
        PrepareConfig(size=size)


def test_all_faults_of_a_configuration_are_named_at_once():
    with pytest.raises(UserError) as error:
        PrepareConfig(size=3, window="x", modality="EEG", validation=0.9, test=0.9, patient_pattern="(")
    for fault in ("--size", "--window", "--modality", "split proportions", "--patient-pattern"):
        assert fault in str(error.value)
