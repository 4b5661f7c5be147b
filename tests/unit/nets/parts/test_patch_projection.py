"""Projection of patches: vectors of length 1, where they come from, what is chosen."""

import pytest
import torch

from ganoscope.nets.parts.patch_projection import PatchProjection, choose_positions
from ganoscope.nets.resnet_generator import ResNetGenerator


def make_head(channels=(1, 4, 8), dimension=16):
    torch.manual_seed(0)
    return PatchProjection(channels, dimension)


def make_maps(channels=(1, 4, 8), sides=(16, 8, 4)):
    torch.manual_seed(1)
    return [torch.randn(3, count, side, side) for count, side in zip(channels, sides, strict=True)]


def test_vectors_of_every_map_have_length_1():
    maps = make_maps()
    found = make_head()(maps, choose_positions(maps, 20))
    assert [each.shape for each in found] == [(3, 20, 16), (3, 20, 16), (3, 16, 16)]
    for each in found:
        torch.testing.assert_close(each.norm(dim=2), torch.ones(each.shape[:2]))


def test_all_parameters_exist_from_the_start_and_are_those_counted_by_hand():
    G = ResNetGenerator(2, 1)
    head = PatchProjection((1, 128, 256, 256, 256))
    expected = (1 + 128 + 3 * 256) * 256 + 5 * (256 * 256 + 2 * 256)
    assert sum(parameter.numel() for parameter in head.parameters()) == expected
    names = set(head.state_dict())
    own = PatchProjection(G.feature_channels, 4)
    features = G.encode(torch.zeros(1, 1, 16, 16))
    own(features, choose_positions(features, 5))
    assert set(PatchProjection(G.feature_channels, 4).state_dict()) == set(own.state_dict())
    assert len(names) == 4 * 5


def test_every_parameter_and_exactly_the_chosen_places_receive_a_gradient():
    head, maps = make_head(), [each.requires_grad_() for each in make_maps()]
    positions = choose_positions(maps, 7)
    found = head(maps, positions)
    sum((each * torch.randn_like(each)).sum() for each in found).backward()
    assert [name for name, parameter in head.named_parameters() if not parameter.grad.any()] == []
    for each, places in zip(maps, positions, strict=True):
        reached = each.grad.abs().sum((0, 1)).flatten().nonzero().flatten()
        assert reached.tolist() == sorted(places.tolist())


def test_positions_are_different_places_of_the_map():
    maps = make_maps()
    positions = choose_positions(maps, 40)
    assert [len(places) for places in positions] == [40, 40, 16]
    for places, side in zip(positions, (16, 8, 4), strict=True):
        assert len(set(places.tolist())) == len(places)
        assert 0 <= places.min() <= places.max() < side**2


def test_every_place_is_chosen_equally_often():
    generator, counts = torch.Generator().manual_seed(0), torch.zeros(16)
    for _ in range(2000):
        (places,) = choose_positions([torch.zeros(1, 1, 4, 4)], 4, generator)
        counts[places] += 1
    assert counts.sum() == 8000
    assert (counts - 500).abs().max() < 100  # about five standard deviations


def test_positions_repeat_with_the_generators_seed_alone():
    maps = make_maps()
    first, second = (choose_positions(maps, 9, torch.Generator().manual_seed(3)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0], choose_positions(maps, 9, torch.Generator().manual_seed(4))[0])


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_pixel_of_any_value_has_a_direction_and_a_bounded_gradient(value):
    head, pixels = PatchProjection([1]), torch.full((1, 1, 8, 8), value, requires_grad=True)
    (found,) = head([pixels], choose_positions([pixels], 4))
    found.sum().backward()
    assert float(found.norm(dim=2).min().detach()) == pytest.approx(1.0, rel=1e-5)
    assert pixels.grad.abs().max() < 100
    assert all(parameter.grad.abs().max() < 100 for parameter in head.parameters())


def test_vectors_are_float32_of_length_1_under_bf16_autocast():
    head, maps = make_head(), make_maps()
    positions = choose_positions(maps, 10)
    with torch.autocast("cpu", torch.bfloat16):
        found = head([each.bfloat16() for each in maps], positions)
    for ours, theirs in zip(found, head(maps, positions), strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours.norm(dim=2), torch.ones(ours.shape[:2]))
        assert (ours - theirs).abs().max() < 0.05


def test_memory_format_changes_no_vector():
    head, maps = make_head(), make_maps()
    positions = choose_positions(maps, 10)
    other = head([each.to(memory_format=torch.channels_last) for each in maps], positions)
    for ours, theirs in zip(other, head(maps, positions), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_as_many_maps_as_heads_are_needed():
    maps = make_maps()
    with pytest.raises(ValueError, match="zip"):
        make_head()(maps[:2], choose_positions(maps[:2], 4))
