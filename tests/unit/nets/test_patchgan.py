"""PatchGAN: what a patch sees, its maps, and each norm switched on and off."""

import pytest
import torch
from torch import nn

from ganoscope.explanation.feature_attribution import load
from ganoscope.explanation.targets import why_real
from ganoscope.nets.patchgan import PatchGAN
from ganoscope.objectives.gradient_penalty import gradient_penalty

switches = pytest.mark.parametrize(
    ("spectral_norm", "instance_norm"), [(True, True), (True, False), (False, True), (False, False)]
)


def make_images(count=2, side=64):
    return torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1


def make_discriminator(spectral_norm=True, instance_norm=True, channels=4):
    torch.manual_seed(0)
    return PatchGAN(channels, spectral_norm, instance_norm)


@pytest.mark.parametrize(("side", "patches"), [(24, 1), (32, 2), (64, 6), (68, 6), (100, 10), (256, 30)])
def test_patches_logits_and_the_last_three_maps_have_their_shapes(side, patches):
    found = make_discriminator()(make_images(2, side))
    assert found.patches.shape == (2, 1, patches, patches)
    assert found.logits.shape == (2,)
    assert [tuple(maps.shape[1:]) for maps in found.features] == [
        (8, side // 4, side // 4),
        (16, side // 8, side // 8),
        (32, side // 8 - 1, side // 8 - 1),
    ]


def test_images_below_24_px_are_refused():
    with pytest.raises(ValueError, match="got 16 x 16; allowed: 24 or more"):
        make_discriminator()(make_images(1, 16))


def test_the_logit_is_the_mean_of_the_patches():
    found = make_discriminator()(make_images(3))
    torch.testing.assert_close(found.logits, found.patches.flatten(1).mean(1))


@switches
def test_parameters_are_those_counted_by_hand(spectral_norm, instance_norm):
    expected = 16 * (64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) + 64 + 1
    expected += 0 if instance_norm else 128 + 256 + 512
    D = PatchGAN(64, spectral_norm, instance_norm)
    assert sum(parameter.numel() for parameter in D.parameters()) == expected
    assert [module.stride[0] for module in D.modules() if isinstance(module, nn.Conv2d)] == [2, 2, 2, 1, 1]
    norms = sum(isinstance(module, nn.InstanceNorm2d) for module in D.modules())
    assert norms == (3 if instance_norm else 0)
    assert ("head.parametrizations.weight.original" in D.state_dict()) is spectral_norm


@pytest.mark.parametrize("patch", [(5, 5), (9, 6)])
def test_a_patch_sees_70_x_70_pixels(patch):
    D, image = make_discriminator(instance_norm=False), make_images(1, 128).requires_grad_()
    D(image).patches[0, 0][patch].backward()
    rows, columns = image.grad[0, 0].nonzero().unbind(1)
    for seen, index in ((rows, patch[0]), (columns, patch[1])):
        assert seen.max() - seen.min() + 1 == 70
        assert int(seen.min()) == 8 * index - 23


@switches
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_every_parameter_receives_a_gradient(spectral_norm, instance_norm, precision):
    D = make_discriminator(spectral_norm, instance_norm)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        patches = D(make_images()).patches
    (patches * torch.randn(patches.shape)).sum().backward()
    assert [name for name, parameter in D.named_parameters() if not parameter.grad.any()] == []
    assert all(parameter.grad.isfinite().all() for parameter in D.parameters())


@switches
def test_a_gradient_penalty_reaches_every_weight(spectral_norm, instance_norm):
    D = make_discriminator(spectral_norm, instance_norm)
    gradient_penalty(lambda image: D(image).logits, make_images(), -make_images()).mean().backward()
    weights = {name: parameter for name, parameter in D.named_parameters() if "weight" in name}
    assert [name for name, weight in weights.items() if weight.grad is None or not weight.grad.any()] == []
    assert all(weight.grad.isfinite().all() for weight in weights.values())


def test_the_maps_are_the_outputs_of_the_last_three_activations():
    D, seen = make_discriminator(), []
    for module in D.modules():
        if isinstance(module, nn.LeakyReLU):
            module.register_forward_hook(lambda _, __, output: seen.append(output))
    found = D(make_images())
    assert len(seen) == 4
    assert all(ours is theirs for ours, theirs in zip(found.features, seen[1:], strict=True))


@pytest.mark.parametrize("level", [1, 2, 3])
def test_each_of_the_three_maps_can_be_explained_without_a_change_to_the_network(level):
    D = make_discriminator().requires_grad_(False)
    before = {name: value.clone() for name, value in D.state_dict().items()}
    module = load("grad_cam")
    found = module.explain(D, make_images(), why_real(D), module.Config(layer=f"levels.{level}"))
    assert found.maps.shape == (2, 64, 64)
    assert found.maps.any()
    assert D.training
    assert all(torch.equal(before[name], value) for name, value in D.state_dict().items())


def test_largest_singular_values_are_one():
    D = make_discriminator()
    for _ in range(100):  # one power iteration each
        D(make_images(1, 24))
    for module in D.modules():
        if isinstance(module, nn.Conv2d):
            assert torch.linalg.svdvals(module.weight.detach().flatten(1))[0] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("instance_norm", [True, False])
def test_instance_norm_undoes_a_factor_of_the_convolution_before_it(instance_norm):
    D, images = make_discriminator(False, instance_norm, channels=16), make_images()
    with torch.no_grad():
        for parameter in D.parameters():
            parameter.mul_(5)  # far above the norm's epsilon
        before = D(images).patches
        for level in list(D.levels)[1:]:
            level[0].weight.mul_(3)
        ratio = (D(images).patches / before).median()
    assert ratio == pytest.approx(1.0 if instance_norm else 27.0, rel=0.01)


@pytest.mark.parametrize("instance_norm", [True, False])
def test_both_modes_and_any_batch_give_the_same_scores(instance_norm):
    D, images = make_discriminator(False, instance_norm), make_images(3)
    together = D.train()(images).patches
    assert torch.equal(together, D.eval()(images).patches)
    alone = torch.cat([D(image[None]).patches for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-6)


def test_evaluation_mode_leaves_the_estimates_of_spectral_norm_alone():
    D, images = make_discriminator(), make_images()
    D(images)
    D.eval()
    before = {name: value.clone() for name, value in D.state_dict().items()}
    assert torch.equal(D(images).patches, D(images).patches)
    assert all(torch.equal(before[name], value) for name, value in D.state_dict().items())


@switches
def test_memory_format_changes_no_score(spectral_norm, instance_norm):
    D, images = make_discriminator(spectral_norm, instance_norm).eval(), make_images()
    expected = D(images)
    found = D.to(memory_format=torch.channels_last)(images.to(memory_format=torch.channels_last))
    torch.testing.assert_close(found.patches, expected.patches, rtol=1e-3, atol=1e-6)


def test_bf16_autocast_gives_nearly_the_same_scores():
    D, images = make_discriminator(channels=16).eval(), make_images()
    expected = D(images).patches
    with torch.autocast("cpu", torch.bfloat16):
        found = D(images)
    assert found.patches.dtype == torch.bfloat16
    assert (found.patches.float() - expected).abs().mean() < 0.1 * expected.abs().mean()
