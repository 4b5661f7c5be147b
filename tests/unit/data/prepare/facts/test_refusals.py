"""Values with which nothing can be computed are refused, whatever their type was in the file."""

import numpy as np
import pytest

from ganoscope.data.picture import Picture, UnreadableError
from ganoscope.data.prepare.facts.refusals import refuse_extreme, refuse_fatal


@pytest.mark.parametrize("value", [1e16, -1e30, np.inf, np.nan])
def test_values_beyond_every_measurement_are_refused(value):
    refuse_extreme(Picture(np.array([[0, 1e15]]), "signal"))
    with pytest.raises(UnreadableError, match="codes for missing values, or ids"):
        refuse_extreme(Picture(np.array([[0, value]]), "signal"))


def test_only_a_reason_refuses_to_open_a_file():
    refuse_fatal("")
    with pytest.raises(UnreadableError, match="signal 11"):
        refuse_fatal("", "signal 11")
