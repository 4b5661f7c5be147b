"""The scores that are explained."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.fixtures.cue import Cue, make_cue_images

from ganoscope.errors import UserError
from ganoscope.explanation.targets import (
    compute_scores,
    find_discriminator,
    name_target,
    read_logits,
    why_generated,
    why_real,
)


def test_more_than_one_score_per_image_is_refused():
    with pytest.raises(UserError, match="one score per image"):
        read_logits(torch.zeros(4, 3))


def test_the_evidence_for_generated_is_that_for_real_with_the_other_sign():
    network, (images, _) = Cue(), make_cue_images()
    real, generated = (compute_scores(network, images, make(network), 4) for make in (why_real, why_generated))
    assert real.shape == (6,)
    np.testing.assert_array_equal(real.numpy(), -generated.numpy())
    assert name_target(why_real(network)) == "why_real"


def test_a_run_without_a_discriminator_is_refused():
    run = SimpleNamespace(path="runs/x", networks={"G": 1}, record=SimpleNamespace(method="odd"))
    with pytest.raises(UserError, match=r"run runs/x has no discriminator: method odd has G; needed: D"):
        find_discriminator(run)
    run.networks["D"] = network = Cue()
    assert find_discriminator(run) is network
