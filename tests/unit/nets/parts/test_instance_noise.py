"""Instance noise has the stated size, and is the same at every precision."""

import pytest
import torch

from ganoscope.nets.parts.instance_noise import add_instance_noise


def test_noise_has_the_stated_deviation():
    torch.manual_seed(0)
    noise = add_instance_noise(torch.zeros(64, 1, 32, 32), 0.1)
    assert noise.std().item() == pytest.approx(0.1, rel=0.02)
    assert abs(noise.mean().item()) < 0.002


def test_without_noise_images_stay_as_they_are():
    image = torch.rand(2, 1, 4, 4)
    assert add_instance_noise(image, 0.0) is image


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_noise_of_a_seed_is_the_same_at_every_precision(dtype):
    drawn = []
    for kind in (torch.float32, dtype):
        torch.manual_seed(3)
        drawn.append(add_instance_noise(torch.zeros(4, 1, 16, 16, dtype=kind), 0.5))
    assert torch.equal(*drawn)
