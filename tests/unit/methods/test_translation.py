"""What the four translations have in common: passes, gradients of every network, and weights that matter."""

from collections import Counter
from contextlib import nullcontext
from dataclasses import fields, replace
from types import SimpleNamespace

import pytest
import torch

from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.contracts import Domains, ImageSpec
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import UserError
from ganoscope.methods import cyclegan_counterfactual, dclgan, load
from ganoscope.nets.classifiers.small_cnn import build as build_classifier
from ganoscope.nets.parts.spectral_norm import LAYERS
from ganoscope.training.loop import train_step

SIZE, BATCH = 32, 2
SPEC = ImageSpec(SIZE, ("a", "b", "c"), ("a", "b"), (-1000.0, 1000.0))
SMALL = {"generator_channels": 4, "discriminator_channels": 4}
METHODS = ("cyclegan", "cyclegan_counterfactual", "cut", "dclgan")


def make_method(name, spec=SPEC, **settings):
    torch.manual_seed(0)
    module = load(name)
    method = module.build(module.Config(**SMALL, **settings), spec)
    for network in method.networks.values():
        network.train()
    if name == "cyclegan_counterfactual":
        method.classifier = make_classifier()
    return method


def make_classifier():
    torch.manual_seed(1)
    network = build_classifier(3, 1).eval().requires_grad_(False)
    return TrainedClassifier(None, SimpleNamespace(classes=SPEC.classes, temperature=0.1), network)


def make_batch(seed=1):
    generator = torch.Generator().manual_seed(seed)
    a, b = torch.rand(2, BATCH, 1, SIZE, SIZE, generator=generator) * 2 - 1
    return Domains(a, b / 2, a > -0.8, b > -0.8)


def run_step(method, seed=1):
    torch.manual_seed(seed)
    return train_step(method, make_batch(seed), 0, nullcontext)


def count_passes(method):
    """Returns (passes, images) through the first layer of each network, in one step."""
    passes, images = Counter(), Counter()

    def note(key, inputs):
        passes[key] += 1
        images[key] += len(inputs[0])

    for key in ("G_ab", "G_ba", "D_a", "D_b"):
        if key in method.networks:
            first = next(module for module in method.networks[key].modules() if isinstance(module, LAYERS))
            first.register_forward_hook(lambda _, inputs, __, key=key: note(key, inputs))
    run_step(method)
    return {key: (passes[key], images[key] // BATCH) for key in passes}


@pytest.mark.parametrize("name", METHODS[:2])
def test_cyclegan_passes_every_image_through_each_generator_once(name):
    """Real ones of both domains together, then the translated ones; each D sees generated, then real and past ones."""
    both = {"G_ab": (2, 3), "G_ba": (2, 3), "D_a": (2, 3), "D_b": (2, 3)}
    assert count_passes(make_method(name)) == both
    alone = {**both, "G_ab": (2, 2), "G_ba": (2, 2)}
    assert count_passes(make_method(name, identity_weight=0.0)) == alone


def test_cut_takes_the_keys_from_the_pass_that_translates():
    assert count_passes(make_method("cut")) == {"G_ab": (2, 4), "D_b": (2, 3)}
    assert count_passes(make_method("cut", identity_weight=0.0)) == {"G_ab": (2, 2), "D_b": (2, 3)}


def test_dclgan_takes_the_keys_from_the_pass_that_translates_and_one_pass_of_d_on_real_images():
    """Both domains together, then an encoder's pass on what the other generator made; D: real, generated twice."""
    method = make_method("dclgan")
    decoded = []
    method.G_ab.decoder.register_forward_hook(lambda _, inputs, __: decoded.append(len(inputs[0]) // BATCH))
    assert count_passes(method) == dict.fromkeys(("G_ab", "G_ba", "D_a", "D_b"), (2, 3)) | {
        "D_a": (3, 3),
        "D_b": (3, 3),
    }
    assert decoded == [2]


@pytest.mark.parametrize("name", ["cut", "dclgan"])
def test_keys_carry_no_gradient_to_the_encoder_and_queries_do(name):
    method = make_method(name)
    step = method.forward(make_batch())
    passages = [step] if name == "cut" else [step.ab, step.ba]
    assert not any(key.requires_grad for passage in passages for key in passage.keys)
    assert all(query.requires_grad for passage in passages for query in passage.queries)


def learned_from(method, phase, loss):
    """Returns the names of a phase's networks in which every parameter, not only some, gets a gradient of a loss."""
    learned = set()
    for name in phase.learns:
        found = torch.autograd.grad(loss, [*method.networks[name].parameters()], retain_graph=True, allow_unused=True)
        moved = {gradient is not None and bool(gradient.any()) for gradient in found}
        learned |= {name} if moved == {True} else set()
    return learned


@pytest.mark.parametrize("name", METHODS)
def test_every_discriminator_learns_from_real_and_generated_images_of_its_own_domain_alone(name):
    method = make_method(name)
    _, phase = method.phases
    terms = phase.loss(method.forward(make_batch()))
    if name == "cut":
        expected = {"real": {"D_b"}, "fake": {"D_b"}}
    else:
        expected = {f"{kind}_{domain}": {f"D_{domain}"} for kind in ("real", "fake") for domain in "ab"}
    for term, networks in expected.items():
        assert learned_from(method, phase, getattr(terms, term)) == networks, term


@pytest.mark.parametrize("name", ["cut", "dclgan"])
def test_every_projection_head_learns_from_real_and_generated_images(name):
    """In CUT by the queries of both terms; in DCLGAN by the keys of one direction and the queries of the other."""
    method = make_method(name)
    phase, _ = method.phases
    terms = phase.loss(method.forward(make_batch()))
    for term in ("nce", "identity") if name == "cut" else ("nce_ab", "nce_ba"):
        assert learned_from(method, phase, getattr(terms, term)) >= {n for n in phase.learns if n.startswith("F")}, term


def list_weights():
    return [
        (name, field.name) for name in METHODS for field in fields(load(name).Config) if field.name.endswith("_weight")
    ]


def snapshot(method):
    names = [name for phase in method.phases for name in phase.learns]
    return torch.cat([p.detach().flatten() for name in names for p in method.networks[name].parameters()])


@pytest.mark.parametrize(("name", "weight"), list_weights())
def test_every_term_has_an_effect(name, weight):
    results = []
    for settings in ({}, {weight: 0.0}):
        method = make_method(name, **settings)
        terms = run_step(method)
        results.append(snapshot(method))
        part = weight.removesuffix("_weight")
        found = [
            value
            for group in terms.values()
            for term, value in group.scalars().items()
            if term.startswith(part) or (part, term.partition("_")[0]) == ("feature", "features")
        ]
        assert len(found) == (1 if name == "cut" else 2)
        assert all((value == 0) == bool(settings) for value in found)
    assert not torch.equal(*results)


def test_a_history_changes_what_discriminators_see():
    terms = []
    for images in (0, 4):
        method = make_method("cyclegan", history_images=images)
        terms.append([run_step(method, seed)["discriminator"].fake_a.item() for seed in range(8)])
    assert terms[0][:2] == terms[1][:2]
    assert terms[0][2:] != terms[1][2:]


@pytest.mark.parametrize("switch", [{"spectral_norm": False}, {"instance_norm": False}, {"penalty_weight": 0.0}])
def test_each_constraint_on_d_can_be_switched_off(switch):
    default, other = run_step(make_method("dclgan")), run_step(make_method("dclgan", **switch))
    assert torch.isfinite(other["discriminator"].total)
    assert not torch.equal(default["discriminator"].total, other["discriminator"].total)


def test_the_hu_loss_moves_both_generators_and_ignores_what_was_not_measured():
    method = make_method("dclgan")
    batch = make_batch()
    step = method.forward(batch)
    terms = method.generator_loss(step)
    assert learned_from(method, method.phases[0], terms.hu_ab) == {"G_ab"}
    assert learned_from(method, method.phases[0], terms.hu_ba) == {"G_ba"}
    (gradient,) = torch.autograd.grad(terms.hu_ab, step.ab.fake)
    assert gradient[batch.measured_a].any()
    assert not gradient[~batch.measured_a].any()


def test_the_hu_loss_is_on_for_hounsfield_units_and_off_for_others():
    grey = replace(SPEC, hu_range=None)
    assert set(make_method("dclgan").histograms) == {"hu_real_a", "hu_real_b", "hu_fake_a", "hu_fake_b"}
    method = make_method("dclgan", grey)
    assert not method.histograms
    assert run_step(method)["generator"].hu_ab == 0
    assert not make_method("dclgan", hu_weight=0.0).histograms


def test_grey_values_are_refused_by_the_hu_loss_with_the_reason():
    store = SimpleNamespace(name="pictures", intensity=IntensityMap(0, 255, "grey 8 bit", "uint8"))
    grey = replace(SPEC, hu_range=None)
    with pytest.raises(UserError, match=r"pictures have none: got 0\.5 on grey 8 bit; allowed: 0\. .*--hu-offset"):
        dclgan.check(dclgan.Config(hu_weight=0.5), store, grey)
    dclgan.check(dclgan.Config(), store, grey)
    dclgan.check(dclgan.Config(hu_weight=0.5), store, SPEC)


@pytest.mark.parametrize("layers", [(), (5,), (-1, 2)])
def test_layers_that_the_encoder_has_not_are_refused_beside_what_is_out_of_range(layers):
    with pytest.raises(UserError, match=r"--patches is out of range(.|\n)*--nce-layers is out of range"):
        dclgan.Config(nce_layers=layers, patches=1)


def test_dclgan_contrasts_the_maps_of_a_u_net_too():
    method = make_method("dclgan", generator="attention_resunet")
    step = method.forward(make_batch())
    assert [tuple(key.shape[1:]) for key in step.ab.keys] == [(4, 32, 32), (8, 16, 16), (16, 8, 8), (32, 4, 4)]
    run_step(method)


def test_cut_contrasts_the_pixels_and_the_finest_maps_of_a_u_net():
    method = make_method("cut", generator="attention_resunet")
    shapes = [(1, 32, 32), (4, 32, 32), (8, 16, 16), (16, 8, 8), (32, 4, 4)]
    step = method.forward(make_batch())
    assert [tuple(key.shape[1:]) for key in step.keys] == [tuple(query.shape[1:]) for query in step.queries] == shapes
    assert learned_from(method, method.phases[0], method.generator_loss(step).nce) == {"G_ab", "F_a"}
    run_step(method)


def test_layers_can_be_chosen():
    method = make_method("dclgan", nce_layers=(0, 4))
    step = method.forward(make_batch())
    assert [tuple(key.shape[1:]) for key in step.ab.keys] == [(1, 32, 32), (16, 8, 8)]
    run_step(method)


def test_the_counterfactual_term_aims_at_the_other_domains_class():
    method = make_method("cyclegan_counterfactual", counterfactual_weight=3.0)
    step = method.forward(make_batch())
    terms = method.generator_loss(step)
    for fake, code, found in ((step.fake_b, 1, terms.counterfactual_ab), (step.fake_a, 0, terms.counterfactual_ba)):
        probability = (method.classifier.network(fake).logits / 0.1).softmax(1)
        wanted = torch.eye(3)[code]
        assert torch.isclose(found, 3 * ((probability - wanted) ** 2).sum(1).mean())
    assert "classifier" not in method.networks
    assert learned_from(method, method.phases[0], terms.counterfactual_ab) == {"G_ab"}


def test_without_a_classifier_it_says_how_to_train_one():
    with pytest.raises(UserError, match="ganoscope classify STORE RUN"):
        cyclegan_counterfactual.check(cyclegan_counterfactual.Config(), None, SPEC)
