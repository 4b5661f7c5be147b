"""Batches shrink where the device runs out of memory; strengths run from none to all of the change."""

from types import SimpleNamespace

import pytest
import torch

from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.translation import batches
from ganoscope.data.geometry.placement import GeometryConfig


def refuse_more_than(most, monkeypatch):
    def translate(setting, cases):
        if len(cases) > most:
            raise torch.OutOfMemoryError
        return tuple(cases)

    monkeypatch.setattr(batches, "translate_cases", translate)


def test_a_batch_that_is_too_large_is_halved_in_order(monkeypatch):
    refuse_more_than(2, monkeypatch)
    assert batches.translate_batch(None, list("abcdefg")) == [("a",), ("b", "c"), ("d", "e"), ("f", "g")]


def test_a_single_case_that_is_too_large_is_an_error(monkeypatch):
    refuse_more_than(0, monkeypatch)
    with pytest.raises(torch.OutOfMemoryError):
        batches.translate_batch(None, list("ab"))


def test_strengths_run_from_none_to_all_of_the_change():
    run = SimpleNamespace(record=SimpleNamespace(intensity=None))
    translator, config = SimpleNamespace(run=run), CounterfactualConfig(steps=5, target="a", attack_steps=7)
    setting = batches.make_setting(translator, None, None, GeometryConfig(16), config)
    assert setting.plan.strengths.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert (setting.plan.attack_steps, setting.target) == (7, "a")
