"""What every file in `methods/` must do; a new file is tested without touching this one."""

import copy
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import torch

from ganoscope.classifiers.trained import load_classifier_record
from ganoscope.cli.train import choose
from ganoscope.contracts import Batch, Domains, ImageSpec, draw
from ganoscope.methods import available, load
from ganoscope.nets.parts.spectral_norm import LAYERS
from ganoscope.training.config import TrainConfig
from ganoscope.training.loop import only_learning, train_step
from ganoscope.training.processes import make_autocast
from ganoscope.training.run_folder.checkpoint import TrainingState, load_checkpoint, save_checkpoint

SIZE = 32
CLASSES = ("a", "b", "c")
HU_RANGE = (-1000.0, 1000.0)
SMALL = {"generator_channels": 8, "discriminator_channels": 8}
"""Of methods that translate: their defaults are networks for images of 256 x 256."""
pytestmark = pytest.mark.parametrize("name", available())


@pytest.fixture(scope="module", autouse=True)
def paths(tiny_classifier):
    """Puts the classifier where `make_config` finds it."""
    make_config.path = tiny_classifier


def translates(name):
    return load(name).TRAITS.translates


def make_config(module):
    """Returns the defaults; a field for a path that has none gets the classifier."""
    paths = [name for name, hint in get_type_hints(module.Config).items() if Path in (hint, *get_args(hint))]
    small = SMALL if module.TRAITS.translates else {}
    return module.Config(
        **small, **{name: make_config.path for name in paths if getattr(module.Config, name, None) is None}
    )


def make_spec(name, size=SIZE):
    """Returns what a method is told; a translation goes between two of the classifier's classes, in HU."""
    if not translates(name):
        return ImageSpec(size, CLASSES)
    classes = load_classifier_record(make_config.path).classes
    return ImageSpec(size, classes, classes[:2], HU_RANGE)


def make_method(name, size=SIZE):
    torch.manual_seed(0)
    module = load(name)
    return module.build(make_config(module), make_spec(name, size))


def make_batch(name, seed=1, count=8):
    generator = torch.Generator().manual_seed(seed)
    real, other = (torch.rand(count, 1, SIZE, SIZE, generator=generator) * 2 - 1 for _ in range(2))
    if translates(name):
        return Domains(real[:2], other[:2], real[:2] > -0.9, other[:2] > -0.9)
    return Batch(real, torch.randint(len(CLASSES), (count,), generator=generator))


def run_steps(name, method, steps, precision="fp32"):
    for step in range(steps):
        torch.manual_seed(step)
        terms = train_step(method, make_batch(name, step), step, make_autocast("cpu", precision))
    return terms


def snapshot(network):
    return {key: value.clone() for key, value in network.named_parameters()}


def test_config_cites_its_source(name):
    assert "Source:" in load(name).Config.__doc__


def test_training_options_that_suit_it_are_the_defaults_of_the_command(name):
    kind = choose([name, "store", "run"])
    command = kind(name, Path("store"), Path("run"))
    assert command.config == TrainConfig(**load(name).TRAITS.defaults)


@pytest.mark.parametrize("size", [32, 48, 64, 80, 128])
def test_generated_images_have_the_asked_size_and_stay_in_network_range(name, size):
    method = make_method(name, size)
    for key in method.generators:
        with torch.no_grad():
            if translates(name):
                image = method.networks[key](torch.rand(2, 1, size, size) * 2 - 1)
            else:
                label = torch.tensor([0, 1]) if method.classes else None
                image = draw(method.networks[key], torch.randn(2, method.latent_dim), label)
        assert image.shape == (2, 1, size, size)
        assert image.abs().max() <= 1


@pytest.mark.parametrize("size", [31, 16, 40, 100, 528])
def test_a_size_it_can_not_do_is_refused_with_the_allowed_ones(name, size):
    if translates(name) and size >= 40:
        pytest.skip("it can do that size")
    with pytest.raises(ValueError, match=rf"got {size}( x {size})?; allowed: .*multiples of (16|4, 24 or more)"):
        make_method(name, size)


def test_each_phase_moves_all_its_networks_and_no_other(name):
    method = make_method(name)
    run_steps(name, method, 2)  # a layer that begins at zero hides the ones before it from the first step
    for phase in method.phases:
        before = {key: snapshot(network) for key, network in method.networks.items()}
        phase.optimizer.zero_grad()
        shared = method.forward(make_batch(name))
        with only_learning(method.networks, phase.learns):
            phase.loss(shared).total.backward()
        phase.optimizer.step()
        phase.optimizer.zero_grad()
        for key, network in method.networks.items():
            moved = [n for n, p in network.named_parameters() if not torch.equal(p, before[key][n])]
            assert len(moved) == (len(before[key]) if key in phase.learns else 0), (phase.name, key)


def test_a_conditional_generator_draws_another_image_for_another_class(name):
    method = make_method(name)
    if translates(name):
        pytest.skip("its generators are told no class")
    if not method.classes:
        with pytest.raises(TypeError):
            draw(method.networks["G"], torch.zeros(1, method.latent_dim), torch.tensor([0]))
        return
    run_steps(name, method, 2)
    G = method.networks["G"].eval()
    z = torch.randn(1, method.latent_dim).expand(len(CLASSES), -1)
    with torch.no_grad():
        images = draw(G, z, torch.arange(len(CLASSES)))
    assert all(not torch.allclose(images[0], image) for image in images[1:])


def test_gradients_are_open_again_after_a_step(name):
    method = make_method(name)
    run_steps(name, method, 1)
    assert all(p.requires_grad for network in method.networks.values() for p in network.parameters())


def test_phases_that_run_equally_often_share_one_pass_of_the_generator(name):
    method = make_method(name)
    if "G" not in method.networks:
        pytest.skip("it has no generator that turns noise into images")
    passes = []
    first = next(module for module in method.networks["G"].modules() if isinstance(module, LAYERS))
    first.register_forward_hook(lambda *_: passes.append(1))
    run_steps(name, method, 1)
    assert len(passes) == len({phase.every for phase in method.phases})


def test_a_gradient_penalty_is_computed_once_in_a_step_for_each_discriminator(name, monkeypatch):
    calls, grad = [], torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda *values, **options: calls.append(1) or grad(*values, **options))
    method = make_method(name)
    run_steps(name, method, 1)
    discriminators = sum(key.startswith("D") for key in method.networks)
    assert len(calls) == discriminators * hasattr(load(name).Config, "penalty_weight")


def test_every_term_but_the_observed_ones_is_part_of_the_loss(name):
    method = make_method(name)
    for terms in run_steps(name, method, 1).values():
        observed = {f for f, field in type(terms).__dataclass_fields__.items() if "observed" in field.metadata}
        summed = sum(value for key, value in terms.scalars().items() if key not in observed)
        assert torch.isclose(terms.total.detach(), summed)
        assert all(value.ndim == 0 and torch.isfinite(value) for value in terms.scalars().values())


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_same_seed_gives_same_weights(name, precision):
    first, second = make_method(name), make_method(name)
    run_steps(name, first, 2, precision)
    run_steps(name, second, 2, precision)
    for key in first.networks:
        pairs = zip(first.networks[key].parameters(), second.networks[key].parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


def test_bf16_losses_are_close_to_fp32_losses(name):
    exact = run_steps(name, make_method(name), 1, "fp32")
    rough = run_steps(name, make_method(name), 1, "bf16")
    for phase, terms in exact.items():
        assert torch.isclose(terms.total, rough[phase].total, rtol=0.1), phase


def test_a_checkpoint_brings_back_weights_and_optimizers_exactly(name, tmp_path):
    method = make_method(name)
    for network in method.networks.values():
        network.to(memory_format=torch.channels_last)
    run_steps(name, method, 2)
    averages = {key: copy.deepcopy(method.networks[key]) for key in method.generators}
    save_checkpoint(tmp_path, 16, TrainingState(method.networks, averages, method.phases))
    run_steps(name, method, 2)

    other = make_method(name)
    for network in other.networks.values():
        network.to(memory_format=torch.channels_last)
    averages = {key: copy.deepcopy(other.networks[key]) for key in averages}
    state = TrainingState(other.networks, averages, other.phases)
    assert load_checkpoint(tmp_path / "checkpoints" / "0000000016", state) == 16
    run_steps(name, other, 2)
    for key in method.networks:
        pairs = zip(method.networks[key].state_dict().values(), other.networks[key].state_dict().values(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


def find_gradients(name, batch, phase_name):
    """Returns the gradients of one phase, all random numbers being equal."""
    method = make_method(name)
    run_steps(name, method, 2)  # a layer that begins at zero hides the ones before it from the first step
    phase = next(phase for phase in method.phases if phase.name == phase_name)
    torch.manual_seed(7)
    phase.optimizer.zero_grad()
    with only_learning(method.networks, phase.learns):
        terms = phase.loss(method.forward(batch))
        terms.total.backward()
    networks = (method.networks[key] for key in phase.learns)
    return terms, [p.grad for network in networks for p in network.parameters()]


def list_phases(name):
    return [phase.name for phase in make_method(name).phases]


def skip_unless_weighted(name, *kinds):
    if load(name).TRAITS.weighting not in kinds:
        pytest.skip(f"its weighting is {load(name).TRAITS.weighting}")


def test_weights_of_one_change_no_loss_and_no_gradient(name):
    skip_unless_weighted(name, "loss", "exact")
    batch = make_batch(name)
    for phase in list_phases(name):
        plain, gradients = find_gradients(name, batch, phase)
        weighted, others = find_gradients(name, replace(batch, weight=torch.ones(len(batch.real))), phase)
        torch.testing.assert_close(weighted.scalars(), plain.scalars())
        torch.testing.assert_close(others, gradients)


def test_an_image_of_weight_zero_has_no_influence_on_any_gradient(name):
    skip_unless_weighted(name, "exact")
    batch = make_batch(name)
    weight = torch.tensor([1.0, 0.0, 2.0, 1.0, 0.5, 1.0, 0.0, 1.0])
    other = batch.real.clone()
    other[weight == 0] *= -0.5
    for phase in list_phases(name):
        _, gradients = find_gradients(name, replace(batch, weight=weight), phase)
        _, same = find_gradients(name, replace(batch, real=other, weight=weight), phase)
        torch.testing.assert_close(same, gradients)
    first, changed = (
        find_gradients(name, replace(batch, real=real), list_phases(name)[0])[1] for real in (batch.real, other)
    )
    assert any(not torch.allclose(a, b) for a, b in zip(first, changed, strict=True))


def test_the_loss_is_linear_in_the_weights_with_the_share_of_each_image_as_slope(name):
    skip_unless_weighted(name, "loss", "exact")
    count = len(make_batch(name).real)
    phase = list_phases(name)[0]
    weight = torch.ones(count, requires_grad=True)
    terms, _ = find_gradients(name, replace(make_batch(name), weight=weight), phase)
    kept = [find_gradients(name, replace(make_batch(name), weight=w), phase)[0].total for w in 1 - torch.eye(count)]
    torch.testing.assert_close(weight.grad, terms.total.detach() - torch.stack(kept).detach(), rtol=1e-3, atol=1e-6)
    assert weight.grad.abs().min() > 0


def test_its_traits_say_what_its_networks_can_do(name):
    method, traits = make_method(name), load(name).TRAITS
    assert (method.generators == ("G",)) != traits.translates
    assert set(method.generators) <= set(method.networks)
    assert (method.latent_dim > 0) != traits.translates
    discriminator = next(network for key, network in method.networks.items() if key.startswith("D"))
    assert traits.relative_scores == getattr(discriminator, "relative_scores", False)
    assert traits.draws_attention == hasattr(method.networks[method.generators[0]], "draw_with_attention")
    assert traits.weighting == "ignored" or not traits.translates
    TrainConfig(**traits.defaults)
    assert set(traits.unsuited) <= {field.name for field in fields(TrainConfig)}


def test_second_derivatives_are_declared(name, monkeypatch):
    taken, gradient = [], torch.autograd.grad

    def note(*arguments, **options):
        taken.append(options.get("create_graph", False))
        return gradient(*arguments, **options)

    monkeypatch.setattr(torch.autograd, "grad", note)
    method = make_method(name)
    train_step(method, make_batch(name), 0, make_autocast("cpu", "fp32"))
    assert any(taken) == load(name).TRAITS.second_derivatives
