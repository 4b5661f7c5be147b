"""`--levels`: what may be stated, and how it is refused."""

import pytest

from ganoscope.data.levels.stated import list_faults
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.errors import UserError


@pytest.mark.parametrize(
    "stated", ["", "class", "split/class/patient", "/Class/-/", "class/class/-", "patient/study/series"]
)
def test_words_of_levels_are_accepted(stated):
    assert list_faults(stated) == []


@pytest.mark.parametrize(
    ("stated", "fault"),
    [
        ("class/person", "unknown words: got person"),
        ("class//patient", "unknown words: got nothing"),
        ("split/split", "names split twice"),
        ("patient/patient", "names patient twice"),
    ],
)
def test_other_words_are_refused_with_those_that_are_allowed(stated, fault):
    with pytest.raises(UserError, match=rf"--levels .*{fault}.*allowed"):
        PrepareConfig(levels=stated)


def test_all_faults_are_in_one_message():
    with pytest.raises(UserError, match=r"(?s)names split twice.*names patient twice.*validation"):
        PrepareConfig(levels="split/split/patient/patient", validation=-1)
    assert len(list_faults("split/split/patient/patient")) == 2
