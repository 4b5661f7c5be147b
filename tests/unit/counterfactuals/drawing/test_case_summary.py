"""The words on a panel."""

from types import SimpleNamespace

import numpy as np
import pytest

from ganoscope.counterfactuals.drawing.case_summary import describe_case
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.evaluate.counterfactual.measures import CHANGES, FLIPS, NAMES, Measures


@pytest.mark.parametrize("already", [False, True])
def test_the_words_on_a_panel_name_no_number_that_there_is_not(already):
    known = [name for name in NAMES if not (already and name in CHANGES + FLIPS)]
    measures = Measures(**{name: np.array([0.5 if name in known else np.nan]) for name in NAMES})
    pairs = SimpleNamespace(target=np.array(["well"]), already=np.array([already]))
    batch = SimpleNamespace(
        measures=measures, pairs=pairs, cases=[SimpleNamespace(name="000000")], directions=["sick to well"]
    )
    setting = SimpleNamespace(intensity=IntensityMap(0.0, 255.0, "grey 8 bit", "uint8"))
    words = "\n".join(describe_case(setting, batch, 0))
    assert "nan" not in words
    assert "direction: sick to well" in words
    assert ("no counterfactual" in words, "mean change" in words) == (already, not already)
