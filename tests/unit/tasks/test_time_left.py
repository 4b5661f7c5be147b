"""The time left follows from the mean time of each function, and from what runs side by side."""

import pytest
from tests.fixtures.task_graphs import make

from ganoscope.tasks.time_left import TimeLeft

SHORT = [make("add", f"add {number}", cores=number + 1) for number in range(4)]
LONG = [make("draw", seed=seed) for seed in range(4)]


def test_each_function_has_its_own_mean():
    left = TimeLeft([*SHORT, *LONG])
    assert left.describe() == ""
    left.add(SHORT[0], 1.0)
    assert left.estimate() == 7.0, "nothing is known of the others yet"
    left.add(LONG[0], 100.0)
    left.skip(LONG[1])
    assert left.estimate() == 3 * 1 + 2 * 100
    left.start(2)
    assert left.estimate() == pytest.approx(101.5)
    assert left.describe() == "about 102 s left"


@pytest.mark.parametrize(("seconds", "words"), [(30, "30 s"), (200, "3 min"), (3600 * 3.5, "3.5 h")])
def test_words_suit_the_time(seconds, words):
    left = TimeLeft(LONG[:2])
    left.add(LONG[0], seconds)
    assert left.describe() == f"about {words} left"


def test_nothing_is_left_at_the_end():
    left = TimeLeft(LONG[:1])
    left.add(LONG[0], 5.0)
    assert left.describe() == ""
