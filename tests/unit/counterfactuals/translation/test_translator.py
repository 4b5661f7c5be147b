"""Which target an image gets, and what no generator translates to."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ganoscope.counterfactuals.translation.translator import (
    Translator,
    choose_targets,
    name_domains,
    open_translator,
    refuse_target,
)
from ganoscope.errors import UserError
from ganoscope.training.run_folder.trained_run import open_run

RUN = SimpleNamespace(record=SimpleNamespace(domains=("a", "b")), path="run")
BOTH = Translator(RUN, {"b": lambda image: image + 1, "a": lambda image: image - 1}, torch.device("cpu"))
ONE_WAY = Translator(RUN, {"b": lambda image: image + 1}, torch.device("cpu"))
LIKELY = np.array([[0.9, 0.1], [0.2, 0.8]])


def test_targets_are_asked_for_or_the_only_one_or_the_other_one():
    assert choose_targets(BOTH, "a", ["a", "b"], LIKELY) == ["a", "a"]
    assert choose_targets(ONE_WAY, "", ["b", ""], None) == ["b", "b"]
    assert choose_targets(BOTH, "", ["b", ""], LIKELY) == ["b", "a"], "the classifier decides before the label"
    assert choose_targets(BOTH, "", ["b", "a"], None) == ["a", "b"]
    with pytest.raises(UserError, match="target of an image is not known"):
        choose_targets(BOTH, "", ["b", ""], None)


def test_the_classifier_names_the_domain():
    assert name_domains(BOTH, LIKELY, 2) == ["a", "b"]
    assert name_domains(BOTH, None, 2) == ["", ""]


def test_every_image_goes_to_its_own_target_and_to_nothing_where_no_generator_leads():
    image = torch.zeros(3, 1, 2, 2)
    assert BOTH.translate(image, ["a", "b", "a"])[:, 0, 0, 0].tolist() == [-1, 1, -1]
    translated = ONE_WAY.translate(image, ["a", "b", "a"])[:, 0, 0, 0]
    assert translated.isnan().tolist() == [True, False, True]


def test_a_target_that_no_generator_leads_to_is_refused(tiny_run):
    refuse_target(ONE_WAY, "")
    with pytest.raises(UserError, match=r"got a; allowed: b"):
        refuse_target(ONE_WAY, "a")
    with pytest.raises(UserError, match="generates images from noise"):
        open_translator(open_run(tiny_run), "cpu")
