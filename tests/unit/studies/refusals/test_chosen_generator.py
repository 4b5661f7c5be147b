"""Generators that can't make an image of a requested class are refused, whoever wrote them."""

import pytest
import torch

from ganoscope.data.store import Store
from ganoscope.generators.fitting import build_generator
from ganoscope.studies.refusals.chosen_generator import list_generator_faults

CLASSES = ("glioma", "meningioma", "notumor")


@pytest.mark.parametrize("name", ["dcgan", "wgan_gp", "cam_gan", "cyclegan", "tests.fixtures.memoriser"])
def test_generators_without_classes_are_refused(name, phantom_store):
    faults = list_generator_faults(name, Store.open(phantom_store), CLASSES)
    assert [fault.split(";")[0] for fault in faults] == [f"--generator has no classes: got {name}"]


@pytest.mark.parametrize("name", ["r3gan", "cgan"])
def test_generators_of_requested_classes_are_taken_and_leave_random_numbers_alone(name, phantom_store):
    before = torch.random.get_rng_state()
    assert list_generator_faults(name, Store.open(phantom_store), CLASSES) == []
    assert build_generator(name, Store.open(phantom_store), CLASSES).classes == 3
    assert torch.equal(torch.random.get_rng_state(), before)
