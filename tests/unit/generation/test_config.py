"""Options of `generate`: every fault in one message, and formats as the folder of writers has them."""

from pathlib import Path

import pytest

from ganoscope.cli.generate import Command
from ganoscope.data import writers
from ganoscope.errors import UserError
from ganoscope.generation.config import GenerateConfig


def test_an_unknown_format_is_refused_with_those_there_are():
    with pytest.raises(UserError) as refused:
        GenerateConfig(format="tiff", number=0)
    for words in (
        f"nothing called tiff in writers; allowed: {', '.join(writers.available())}",
        "--number is too small",
    ):
        assert words in str(refused.value)


def test_a_format_may_be_a_module_of_the_users_own():
    assert GenerateConfig(format="ganoscope.data.writers.png").format == "ganoscope.data.writers.png"
    with pytest.raises(UserError, match=r"does not fit writers: it lacks SUFFIX"):
        GenerateConfig(format="ganoscope.errors")


def test_help_lists_every_format():
    for name, line in writers.available().items():
        assert f"  {name}: {line}" in Command.__doc__


def test_contradictions_are_told_together():
    with pytest.raises(UserError) as refused:
        GenerateConfig(number=1, number_per_class=2, class_name="a", classifier=Path("x"))
    assert len(str(refused.value).splitlines()) == 3
