import numpy as np

from ganoscope.training.checks.prevalence_changed import find_changed_prevalence
from ganoscope.training.observations import Observations

LABELS = np.array(["rare"] + ["common"] * 3)


def test_a_generator_that_is_told_the_class_keeps_the_prevalence():
    (blind,), (told,) = (
        find_changed_prevalence(Observations(balanced_labels=LABELS, conditional=conditional))
        for conditional in (False, True)
    )
    assert "do not have the prevalence" in blind.message
    assert "do not have the prevalence" not in told.message
    assert (blind.severity, told.severity) == ("warning", "note")
    assert "An image of rare is shown 3 times as often as one of common" in told.message


def test_classes_of_equal_size_or_drawn_as_they_occur_raise_nothing():
    assert list(find_changed_prevalence(Observations(balanced_labels=np.array(["a", "b"])))) == []
    assert list(find_changed_prevalence(Observations())) == []
