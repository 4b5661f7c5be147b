"""Explainers on a small network whose right answer is known."""

import numpy as np
import pytest
from tests.fixtures.cue import Cue, make_cue_images

from ganoscope.errors import UserError
from ganoscope.explanation.feature_attribution import available, configure, load
from ganoscope.explanation.regions import measure_attention, split_regions, summarise
from ganoscope.explanation.targets import why_generated, why_real
from ganoscope.statistics.estimate import Estimate


def look_at(module, layer):
    """Returns the configuration of an explainer that looks at a layer, where it looks at one."""
    return configure(module, layer if "layer" in vars(module.Config)["__dataclass_fields__"] else None)


@pytest.mark.parametrize("name", available())
def test_map_lies_on_the_planted_cue(name):
    network, (images, masks) = Cue(), make_cue_images()
    module = load(name)
    maps = module.explain(network, images, why_real(network), look_at(module, "body")).maps.numpy()
    share = (maps * masks).sum((1, 2)) / maps.sum((1, 2))
    assert (share > 0.75).all()
    assert masks.mean() < 0.1


@pytest.mark.parametrize("name", ["grad_cam", "hires_cam"])  # those that keep only what raises the score
def test_empty_map_stays_empty_and_is_counted(name):
    network, (images, masks) = Cue(), make_cue_images()
    module = load(name)
    maps = module.explain(network, images, why_generated(network), look_at(module, "body")).maps.numpy()
    assert (maps == 0).all()
    regions = np.stack([split_regions(mask) for mask in masks])
    attention = measure_attention(maps, regions, list("abcdef"))
    assert attention.empty == 6
    assert np.isnan(attention.shares).all()
    assert summarise(attention, 0)["inside"].share.n == 0


def test_an_explainer_without_layers_refuses_one():
    class Module:
        Config = Estimate

    with pytest.raises(UserError, match=r"--layer levels\.1"):
        configure(Module, "levels.1")


def test_a_layer_becomes_the_explainers_option():
    module = load("grad_cam")
    assert configure(module, "levels.1") == module.Config("levels.1")
    assert configure(module, None) == module.Config()
