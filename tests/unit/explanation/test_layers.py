"""Which layers give maps, and how fine they are."""

import pytest
import torch
from tests.fixtures.cue import SIZE, Cue, make_cue_images

from ganoscope.errors import UserError
from ganoscope.explanation.layers import choose_layer, find_cell_px, list_map_sides
from ganoscope.explanation.targets import why_real
from ganoscope.nets.cgan import ProjectionDiscriminator


def test_weights_of_parametrised_layers_are_no_maps():
    network = ProjectionDiscriminator(SIZE, 8, 3)
    sides = list_map_sides(network, torch.zeros(1, 1, SIZE, SIZE), why_real(network))
    assert not [name for name in sides if "parametrizations" in name]


def test_layers_are_listed_and_refused_by_name():
    network = Cue()
    sides = list_map_sides(network, torch.zeros(1, 1, SIZE, SIZE), why_real(network))
    assert sides == {"body.0": 16, "body.1": 16, "body": 16}
    assert choose_layer(sides, SIZE, None) == "body"
    with pytest.raises(UserError, match=r"got head; allowed.*body \(16 px\)"):
        choose_layer(sides, SIZE, "head")
    with pytest.raises(UserError, match="no convolutional maps"):
        choose_layer({}, SIZE, None)


def test_a_cell_is_the_images_side_over_the_maps():
    network, (images, _) = Cue(), make_cue_images(1)
    assert find_cell_px(network, images, why_real(network), "body") == 2.0
    assert find_cell_px(network, images, why_real(network), "head") == 0.0
