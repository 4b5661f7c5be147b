"""Every configuration has the types that it states, from Python as from the command line."""

from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest

import ganoscope
from ganoscope import methods
from ganoscope.errors import UserError
from ganoscope.registry import list_modules, load_module
from ganoscope.studies.analysis.config import AnalysisConfig

KINDS = [getattr(ganoscope, name) for name in ganoscope.__all__ if name.endswith("Config")]
KINDS += [load_module(methods, name, ("Config",)).Config for name in list_modules(methods)]
KINDS += [AnalysisConfig]
WRONG = {int: ("64", 64.5, True, None, [64]), float: ("0.5", True, None), bool: ("yes", 1, None), str: (5, None)}
CASES = [
    pytest.param(kind, field.name, value, id=f"{kind.__module__}-{field.name}-{value}")
    for kind in KINDS
    for field in fields(kind)
    for value in WRONG.get(get_type_hints(kind)[field.name], ())
]


def test_all_were_found():
    assert len(KINDS) >= 21
    assert len(CASES) > 400


@pytest.mark.parametrize(("kind", "name", "value"), CASES)
def test_a_value_of_another_type_is_refused_by_name(kind, name, value):
    with pytest.raises(UserError, match=rf"{kind.__name__}: field {name}: got .*; allowed: "):
        kind(**{name: value})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__module__)
def test_defaults_and_numbers_of_numpy_are_taken(kind):
    config = kind()
    for field in fields(kind):
        value = getattr(config, field.name)
        assert value == field.default or value == field.default_factory()
        if type(value) in (int, float):
            taken = getattr(kind(**{field.name: np.array([value])[0]}), field.name)
            assert (taken, type(taken)) == (value, type(value))


def test_paths_and_tuples_may_be_given_as_texts_and_lists():
    assert ganoscope.ReportConfig(store="runs/one").store == Path("runs/one")
    config = ganoscope.StudyConfig(arms=["baseline", "classical"])
    assert config.arms == ("baseline", "classical")


def test_all_faults_are_told_at_once():
    with pytest.raises(UserError) as told:
        ganoscope.TrainConfig(images=True, seed="x", device="gpu")
    assert str(told.value).splitlines() == [
        "TrainConfig: field images: got True; allowed: a whole number.",
        "TrainConfig: field seed: got 'x'; allowed: a whole number.",
        "TrainConfig: field device: got 'gpu'; allowed: 'auto', 'cpu', 'cuda'.",
    ]
