"""What every membership attack must do; a new file is tested without touching this one.

The generator gives back training images: half of the noise of `memorising_run` makes one of sixteen of them. Its
discriminator is replaced by one that has learned them by heart.
"""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from torch import nn

from ganoscope.data.store import Store
from ganoscope.evaluate.attacks import suspects as contract
from ganoscope.evaluate.attacks.likelihood_ratio import Shadows
from ganoscope.evaluate.attacks.nearest_images import find_distances, place_images
from ganoscope.evaluate.membership import list_attacks
from ganoscope.generation import draw_images
from ganoscope.nets.patchgan import PatchOutput
from ganoscope.training.run_folder.trained_run import open_run

each = pytest.mark.parametrize("name", list_attacks())


class Remembering(nn.Module):
    """Scores an image by its nearest remembered one."""

    def __init__(self, images):
        super().__init__()
        self.register_buffer("images", images.flatten(1))

    def forward(self, image):
        nearest = torch.cdist(image.flatten(1), self.images, compute_mode="donot_use_mm_for_euclid_dist").min(1).values
        return PatchOutput(*([-nearest[:, None, None, None]] + [None] * (len(PatchOutput._fields) - 1)))


@pytest.fixture(scope="module")
def leaking(memorising_run, phantom_store):
    """Suspects, which of them the generator remembers, and what attackers have."""
    run, store = open_run(memorising_run), Store.open(phantom_store)
    images = store.load_images(np.arange(store.count))
    remembered = (run.generator.memory.float() / 65_535 * 2 - 1).numpy()
    errors = ((images[:, None] - remembered[None]) ** 2).mean((2, 3, 4)).min(1)
    member = errors < 1e-6
    suspects = contract.Suspects(
        images, np.unique(store.column("group"), return_inverse=True)[1], store.column("label")
    )
    synthetic = np.concatenate(list(draw_images(run, 400, 0)))
    inside = np.tile([[True, False]], (len(images), 4)) ^ (np.arange(len(images)) % 2 == 0)[:, None]
    rng = np.random.default_rng(0)
    shadows = Shadows(rng.normal(size=len(images)) + 3 * member, rng.normal(size=inside.shape) + 3 * inside, inside)
    exposed = contract.Exposed(
        find_distances(place_images(images), suspects.groups, [synthetic]),
        run,
        replace(run, networks={**run.networks, "D": Remembering(torch.from_numpy(remembered))}),
        shadows,
        shadows,
    )
    return suspects, member, exposed


@pytest.fixture(autouse=True)
def short_inversion(monkeypatch):
    monkeypatch.setattr(list_attacks()["inversion"], "STEPS", 5)
    monkeypatch.setattr(list_attacks()["inversion"], "STARTS", 256)


@each
def test_it_declares_what_it_is(name):
    module = list_attacks()[name]
    assert name == module.NAME
    assert module.THREAT.startswith("the attacker has ")
    assert {field.name for field in fields(contract.Exposed)} - {"seed"} >= module.NEEDS
    assert isinstance(module.COUNTS, bool)
    assert isinstance(module.THOROUGH, bool)


def test_distance_alone_is_no_evidence():
    assert not list_attacks()["nearest_distance"].COUNTS


@each
def test_remembered_images_score_above_others(name, leaking):
    suspects, member, exposed = leaking
    assert 10 <= member.sum() <= 20
    assert exposed.has(list_attacks()[name].NEEDS)
    scores = list_attacks()[name].score(suspects, exposed)
    assert scores.shape == member.shape
    assert np.isfinite(scores).all()
    assert np.mean(scores[member][:, None] > scores[~member]) > 0.9


@each
def test_scores_do_not_depend_on_the_order_of_the_suspects(name, leaking):
    suspects, _, exposed = leaking
    order = np.random.default_rng(0).permutation(len(suspects.groups))
    shuffled = contract.Suspects(suspects.images[order], suspects.groups[order], suspects.labels[order])
    distances = type(exposed.distances)(exposed.distances.synthetic[:, order], exposed.distances.real[:, order])
    shadows = Shadows(*(getattr(exposed.shadow_density, part)[order] for part in ("audited", "statistics", "inside")))
    moved = replace(exposed, distances=distances, shadow_density=shadows, shadow_discriminator=shadows)
    score = list_attacks()[name].score
    assert score(shuffled, moved) == pytest.approx(score(suspects, exposed)[order], abs=1e-3)


def test_an_attack_is_left_out_where_something_is_missing():
    assert not contract.Exposed().has(frozenset({"generator"}))
    assert contract.Exposed().has(frozenset())
