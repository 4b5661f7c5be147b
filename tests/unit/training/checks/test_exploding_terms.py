"""Terms that explode raise an alarm; a single outlier, healthy terms, and columns that are no terms do not."""

from ganoscope.training.checks.exploding_terms import find_exploding_terms
from ganoscope.training.observations import Observations


def find(*values, column="discriminator.penalty"):
    rows = [{"images": 10.0**9, "seconds": 10.0**9, column: value, "generator.fake": 0.7} for value in values]
    return list(find_exploding_terms(Observations(rows=rows)))


def test_terms_that_explode_raise_an_alarm():
    [alarm] = find(1.0, 3e29, -1e29, 2e29)
    assert (alarm.severity, list(alarm.evidence)) == ("danger", ["discriminator.penalty"])
    assert "discriminator.penalty 1.5e+29" in alarm.message


def test_healthy_terms_and_single_outliers_do_not():
    assert find(1.0, 900.0, -50.0) == []
    assert find(1.0, 1.0, 1e29) == []
    assert find() == []
