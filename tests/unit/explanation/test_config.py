"""Which settings of an explanation are allowed."""

import pytest

from ganoscope.errors import UserError
from ganoscope.explanation.config import ExplainConfig


def test_all_faults_are_named_at_once():
    with pytest.raises(UserError) as caught:
        ExplainConfig(number=0, seed=-1, explainer="magic")
    assert all(word in str(caught.value) for word in ("--number", "--seed", "--explainer", "grad_cam"))


def test_a_dotted_name_is_left_to_the_loader():
    assert ExplainConfig(explainer="my.module").explainer == "my.module"
