"""What a Python caller passes to a verb: strings are paths, mistakes are answered in words, all at once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import ganoscope
from ganoscope.arguments import checked
from ganoscope.errors import UserError


@dataclass(frozen=True)
class Options:
    """Some options."""

    size: int = 64


@checked
def verb(source: Path, out: Path | None = None, config: Options | None = None, *, workers: int = 0, extra: Any = 0):
    return source, out, config, workers, extra


def test_strings_and_other_paths_become_paths(tmp_path):
    assert verb("a/b", "c") == (Path("a/b"), Path("c"), None, 0, 0)
    assert verb(source=tmp_path, out="c", extra="left alone")[-1] == "left alone"


def test_every_argument_of_another_type_is_named_at_once():
    with pytest.raises(UserError) as caught:
        verb(None, 3, {"size": 32}, workers="two")
    message = str(caught.value)
    assert "source of verb can't be used: got None; allowed: a path (a string or a Path)." in message
    assert "out of verb can't be used: got 3; allowed: a path (a string or a Path) or None." in message
    assert "got {'size': 32}; allowed: an Options or None." in message
    assert "workers of verb can't be used: got 'two'; allowed: an int." in message
    assert "verb(source, out=..., config=..., workers=..., extra=...)" in message


def test_an_option_passed_by_itself_is_answered_with_its_configuration():
    with pytest.raises(UserError, match=r"got size; allowed: source, .* Options\(size=32\)"):
        verb("a", size=32)


def test_a_missing_argument_is_answered_with_the_whole_call():
    with pytest.raises(UserError, match=r"missing a required argument: 'source'.*verb\(source, "):
        verb()


def test_a_function_that_takes_any_keyword_gets_them():
    @checked
    def collect(name: str, **values: int):
        return name, values

    assert collect("a", size=3) == ("a", {"size": 3})


@pytest.mark.parametrize("name", [name for name in ganoscope.__all__ if name[0].islower()])
def test_every_public_function_answers_nonsense_in_words(name):
    function = getattr(ganoscope, name)
    with pytest.raises(UserError):
        function(no_such_argument=1)


def test_training_without_a_store_says_what_is_allowed(tmp_path):
    with pytest.raises(UserError, match=r"store of train can't be used: got None; allowed: a path"):
        ganoscope.train("dcgan", None, tmp_path / "run")


def test_hyper_parameters_of_another_kind_are_refused(phantom_store, tmp_path):
    for config in ({"latent_dim": 8}, ganoscope.configure("r3gan")):
        with pytest.raises(UserError, match=r"not the Config of dcgan.*ganoscope.configure\(.dcgan., ...\)"):
            ganoscope.train("dcgan", phantom_store, tmp_path / "run", method_config=config)
