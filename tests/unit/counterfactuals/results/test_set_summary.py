"""The summary names only what was measured, and calls a share a share."""

from ganoscope.counterfactuals.results.set_summary import describe_cost, describe_validity
from ganoscope.statistics.estimate import Estimate


def test_a_classifier_that_was_asked_of_images_of_the_target_was_asked():
    asked = {"probability_before": Estimate(0.9, 0.8, 1.0, 4, 4)}
    assert "no flips to count" in describe_validity("a to b", asked, None)[0]
    assert describe_validity("a to b", {}, None)[0].startswith("a to b: no classifier was given")


def test_sentences_come_with_interval_and_n_and_only_where_measured():
    flip, floor = Estimate(0.8, 0.6, 0.9, 10, 5), Estimate(0.5, 0.4, 0.6, 10, 5)
    lines = describe_validity("a to b", {"flip": flip, "flip_after_blur": floor}, None)
    assert "- the explained classifier's prediction becomes the target in 80.0% (60.0 to 90.0, n = 10)" in lines
    assert any("persist after a blur of 1 px (blur alone: an unknown share)" in line for line in lines)
    assert any("no independent classifier was given (--judge)" in line for line in lines)
    assert not any("noise" in line for line in lines)


def test_a_margin_that_may_be_zero_is_not_called_more():
    found = {"flip": Estimate(1.0, 0.9, 1.0, 9, 9), "judge_flip": Estimate(1.0, 0.9, 1.0, 9, 9)}
    unsure = describe_validity("a to b", found, Estimate(0.1, -0.1, 0.3, 9, 9))
    sure = describe_validity("a to b", found, Estimate(0.3, 0.1, 0.5, 9, 9))
    assert "a to b: comparison with an adversarial attack:" in sure
    assert unsure[-1].startswith("- it is not shown that counterfactuals flip")
    assert sure[-1].startswith("- counterfactuals flip the independent classifier more often than noise")


def test_the_cost_is_told_in_stored_units():
    lines = describe_cost(
        "a to b", {"l1": Estimate(12.5, 10, 15, 4, 4), "changed_share": Estimate(0.25, 0.2, 0.3, 4, 4)}, "HU"
    )
    assert lines[1:] == [
        "- mean absolute change: 12.500 (10.000 to 15.000, n = 4) HU",
        "- pixels that change by more than 2% of the range: 25.0% (20.0 to 30.0, n = 4)",
    ]


def test_a_number_that_is_not_zero_is_not_written_as_zero():
    found = {"judge_flip": Estimate(1.0, 0.9, 1.0, 9, 9), "flip": Estimate(1.0, 0.9, 1.0, 9, 9)}
    said = describe_validity("a to b", found, Estimate(0.0004, 0.00002, 0.0007, 9, 9))[-1]
    assert said.endswith("more often than noise does: difference 0.040% (0.002 to 0.070, n = 9)")


def test_anatomy_is_named_as_such_and_is_no_finding():
    shares = {"change_in_anatomy": Estimate(0.5, 0.4, 0.6, 9, 9), "anatomy_area": Estimate(0.3, 0.2, 0.4, 9, 9)}
    lines = describe_cost("a to b", shares, "HU")
    assert lines[1:] == [
        "- change inside the outlined anatomy: 50.0% (40.0 to 60.0, n = 9); it covers 30.0% (20.0 to 40.0, n = 9) of "
        "the image"
    ]
    assert "finding" not in "".join(lines)
