import pytest

from ganoscope.audits.display_names import NUMBERS, find_display, name_family
from ganoscope.evaluate import fidelity, load
from ganoscope.registry import list_modules


@pytest.mark.parametrize("measurement", list_modules(fidelity))
def test_every_measurement_of_fidelity_and_diversity_has_a_name_for_readers(measurement):
    assert load(measurement).NAME in NUMBERS


def test_a_number_that_is_not_in_the_table_is_called_by_its_short_name():
    assert find_display("inversion_found_at_5_percent").words == "inversion found at 5 percent"
    assert find_display("density_ratio_auc").words == "density ratio AUC"
    assert find_display("hu_wasserstein_fat").multiple == "between"


def test_families_are_named_without_seed_and_underscore():
    assert name_family("random network, seed 0") == "random network"
    assert name_family("small_cnn, trained on chest") == "small cnn, trained on chest"
    assert name_family("") == ""
