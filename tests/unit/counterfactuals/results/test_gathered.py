"""What is kept of every image, and the error where there is none."""

from types import SimpleNamespace

import pytest

from ganoscope.counterfactuals.cases.case import Refused
from ganoscope.counterfactuals.results.gathered import Gathered
from ganoscope.errors import UserError


def test_no_image_at_all_is_an_error_with_the_most_frequent_reasons():
    refused = [Refused(f"file-{number}", "flat" if number % 3 else "no PNG") for number in range(9)]
    with pytest.raises(UserError) as told:
        Gathered(refused=refused).refuse_empty()
    assert str(told.value).splitlines() == [
        "no image can be translated; of 9 pictures:",
        "  6 x flat",
        "  3 x no PNG",
    ]
    Gathered(directions=["a to b"]).refuse_empty()


def test_images_of_another_size_are_counted():
    gathered = Gathered(
        directions=["b to a", "a to b", "a to b"], groups=["p", "p", "q"], already=[True, False, False], trained=1
    )
    gathered.shapes.update([(32, 32), (50, 70), (50, 70)])
    run = SimpleNamespace(record=SimpleNamespace(size=32))
    counts = gathered.count(SimpleNamespace(translator=SimpleNamespace(run=run, domains=("a", "b"))))
    assert (counts.images, counts.resampled, counts.trained, counts.size_px) == (3, 2, 1, 32)
    described = gathered.describe()
    assert described["by_direction"] == {"a to b": 2, "b to a": 1}
    assert (described["n"], described["groups"], described["already_of_target"]) == (3, 2, 1)
    assert described["by_size_px"] == {"50 x 70": 2, "32 x 32": 1}
