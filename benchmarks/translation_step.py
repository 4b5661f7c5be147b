"""Cost of a training step of each translation, against the order of operations in which its authors' code computes it.

The authors' order, as their public repositories have it (all generators in one optimizer, D frozen while they learn):

- cyclegan: G(a), F(G(a)), F(b), G(F(b)), the identity passes G(b) and F(a), each D on translations; then each D on real
  images, and once more on translations of now or before.
- cut: G on a and b together; for PatchNCE an encoder pass on every translation and one on every source, whose features
  the first pass had computed too; D on translations; then D on real images and on translations.
- dclgan: G(a), F(b), the identity passes G(b) and F(a); for PatchNCE encoder passes on both translations and on both
  sources; D as in cyclegan. What rows A5 to A7 of the specification add stands as it is usually written: D on real
  images once more for the activations to match, and once more for the penalty on its slope.

In `apart`, every term translates for itself whatever it needs, as a page of formulas reads; no code in use does so.

The rows change one thing after the other. Here generators are stepped before discriminators in every row, so that first
steps on equal weights and images compare: the largest relative difference of a phase's loss is printed. For that alone,
spectral norm keeps its estimates, which each pass would improve. Floating-point operations are PyTorch's count of
convolutions and matrix products, forward and backward. Rounds are interleaved; ratios are those of each round.
"""

import argparse
import statistics
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from ganoscope.contracts import Domains, ImageSpec
from ganoscope.methods import load
from ganoscope.nets.parts.patch_projection import choose_positions
from ganoscope.training.loop import train_step
from ganoscope.training.processes import make_autocast
from ganoscope.training.speed import Speed, place_networks

PLAIN = {"order": "shared", "fused": False, "memory_format": "contiguous", "precision": "fp32", "compile": False}
ROWS = {
    "authors' order": {"order": "authors"},
    "apart": {"order": "apart"},
    "shared passes": {},
    "fused Adam": {"fused": True},
    "channels_last": {"fused": True, "memory_format": "channels_last"},
    "bf16": {"fused": True, "precision": "bf16"},
    "bf16, channels_last": {"fused": True, "memory_format": "channels_last", "precision": "bf16"},
    "bf16, channels_last, compiled": {
        "fused": True,
        "memory_format": "channels_last",
        "precision": "bf16",
        "compile": True,
    },
}
"""What differs from `PLAIN`; all are compared with the first, and those below `shared passes` have these too."""


def l1(image, other):
    return (image - other).abs().mean()


def squares(discriminator, image, target):
    return (discriminator(image).patches.float() - target).square().mean()


def patch_nce(keys, queries, heads, positions, config):
    losses = []
    for query, key in zip(heads[1](queries, positions), heads[0](keys, positions), strict=True):
        scores = torch.bmm(query, key.mT) / config.temperature
        places = torch.arange(scores.shape[1], device=scores.device).expand(len(scores), -1)
        losses.append(F.cross_entropy(scores.flatten(0, 1), places.flatten()))
    return torch.stack(losses).mean()


def cyclegan_terms(method, there, back, batch):
    a, b, config = batch.a, batch.b, method.config
    yield config.identity_weight * l1(there(b), b)
    yield config.identity_weight * l1(back(a), a)
    yield squares(method.D_b, there(a), 1)
    yield squares(method.D_a, back(b), 1)
    yield config.cycle_weight * l1(back(there(a)), a)
    yield config.cycle_weight * l1(there(back(b)), b)


def cut_terms(method, there, _, batch):
    a, b, both, config = batch.a, batch.b, batch.both, method.config
    encode, heads, positions = method.G_ab.encode, (method.F_a, method.F_a), None
    yield squares(method.D_b, there(both)[: len(a)], 1)
    for source, image in ((a, there(both)[: len(a)]), (b, there(both)[len(a) :])):
        queries, keys = encode(image), [maps.detach() for maps in encode(source)]
        positions = positions or choose_positions(keys, config.patches)
        yield patch_nce(keys, queries, heads, positions, config)


def dclgan_terms(method, there, back, batch):
    config, networks = method.config, method.networks
    for source, target, translate in (("a", "b", there), ("b", "a", back)):
        real, other = getattr(batch, source), getattr(batch, target)
        encoders = [networks[f"G_{one}{two}"].encode for one, two in ((source, target), (target, source))]
        heads, D = [networks[f"F_{domain}"] for domain in (source, target)], networks[f"D_{target}"]
        seen = D(translate(real))
        yield (seen.patches.float() - 1).square().mean()
        shown = encoders[1](translate(real)), encoders[0](real)
        queries, keys = ([maps[layer] for layer in config.nce_layers] for maps in shown)
        keys = [maps.detach() for maps in keys]
        yield config.nce_weight * patch_nce(keys, queries, heads, choose_positions(keys, config.patches), config)
        yield config.identity_weight * l1(translate(other), other)
        pairs = zip(D(other).features, D(translate(real)).features if batch.apart else seen.features, strict=True)
        means = [l1(e.detach().mean((2, 3)), f.mean((2, 3))) for e, f in pairs]
        yield config.feature_weight * torch.stack(means).mean()
        images = SimpleNamespace(image=other, measured=getattr(batch, f"measured_{target}"))
        fake = SimpleNamespace(fake=translate(real))
        yield method.compare_hu(target, images, fake, SimpleNamespace(measured=getattr(batch, f"measured_{source}")))


def discriminator_terms(method, fakes, batch):
    for domain, fake in fakes.items():
        D, real = method.networks[f"D_{domain}"], getattr(batch, domain)
        past = getattr(method, f"past_{domain}").exchange(fake) if hasattr(method, f"past_{domain}") else fake
        yield squares(D, real, 1) / 2
        yield squares(D, past, 0) / 2
        if getattr(method.config, "penalty_weight", 0):
            image = real.clone().requires_grad_()
            patches = D(image).patches
            score = patches.float().sum((1, 2, 3)) / patches[0].numel() ** 0.5
            (slope,) = torch.autograd.grad(score.sum(), image, create_graph=True)
            yield method.config.penalty_weight * slope.float().square().sum((1, 2, 3)).mean() / 2


GENERATOR_TERMS = {"cyclegan": cyclegan_terms, "cut": cut_terms, "dclgan": dclgan_terms}


class Once:
    """A network that remembers what it made of each image."""

    def __init__(self, network):
        self.network, self.known = network, []

    def __call__(self, image):
        for given, made in self.known:
            if given is image:
                return made
        self.known.append((image, self.network(image)))
        return self.known[-1][1]


def bare_step(name, method, batch, autocast):
    """Returns the losses of both phases after a step in the authors' order, or with every term apart."""
    adam_g, adam_d = (phase.optimizer for phase in method.phases)
    there = method.G_ab if batch.apart else Once(method.G_ab)
    back = getattr(method, "G_ba", None) if batch.apart or name == "cut" else Once(method.G_ba)
    judges = [network for key, network in method.networks.items() if key.startswith("D")]
    sources = {"b": (there, batch.a)} if name == "cut" else {"a": (back, batch.b), "b": (there, batch.a)}
    with autocast(), torch.no_grad():
        fakes = {domain: network(image) for domain, (network, image) in sources.items()} if batch.apart else {}
    for judge in judges:
        judge.requires_grad_(False)
    with autocast():
        g_loss = sum(GENERATOR_TERMS[name](method, there, back, batch))
    adam_g.zero_grad()
    g_loss.backward()
    adam_g.step()
    for judge in judges:
        judge.requires_grad_(True)
    if name == "cut" and not batch.apart:
        fakes = {"b": there(batch.both)[: len(batch.a)].detach()}
    elif not batch.apart:
        fakes = {domain: network(image).detach() for domain, (network, image) in sources.items()}
    with autocast():
        d_loss = sum(discriminator_terms(method, fakes, batch))
    adam_d.zero_grad()
    d_loss.backward()
    adam_d.step()
    return g_loss, d_loss


def make_run(name, row, options):
    """Returns a method, and a function that takes a step as a row says and returns the losses of its phases."""
    setting = {**PLAIN, **ROWS[row]}
    device, (low, high) = torch.device(options.device), (-1000.0, 1000.0)
    torch.manual_seed(0)
    module = load(name)
    method = module.build(module.Config(), ImageSpec(options.size, (), ("a", "b"), (low, high)))
    speed = Speed(setting["precision"], setting["memory_format"], setting["compile"])
    place_networks(method.networks.values(), device, speed)
    if not setting["fused"]:
        method.phases = tuple(replace(phase, optimizer=unfuse(phase.optimizer)) for phase in method.phases)
    autocast = make_autocast(device.type, setting["precision"])
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(2, options.batch, 1, options.size, options.size, generator=generator) * 2 - 1
    a, b = images.to(device)
    measured = torch.ones_like(a, dtype=torch.bool)
    if setting["order"] == "shared":
        batch = Domains(a, b, measured, measured)
        return method, lambda: [terms.total for terms in train_step(method, batch, 0, autocast).values()]
    batch = SimpleNamespace(a=a, b=b, measured_a=measured, measured_b=measured, both=torch.cat([a, b]))
    batch.apart = setting["order"] == "apart"
    return method, lambda: bare_step(name, method, batch, autocast)


def unfuse(optimizer):
    """Returns Adam as a plain `torch.optim.Adam(parameters, ...)` gives it."""
    (group,) = optimizer.param_groups
    return torch.optim.Adam(group["params"], lr=group["lr"], betas=group["betas"])


def compare_losses(name, row, options):
    """Returns the largest relative difference of the phases' losses in a first step from the authors' order."""
    losses = []
    for each in ("authors' order", row):
        method, run = make_run(name, each, options)
        for module in (module for network in method.networks.values() for module in network.modules()):
            if hasattr(module, "n_power_iterations"):
                module.n_power_iterations = 0
        torch.manual_seed(2)
        losses.append([loss.item() for loss in run()])
    return max(abs(found / expected - 1) for expected, found in zip(*losses, strict=True))


def count_work(name, row, options):
    """Returns floating-point operations of a step, and images that pass through parts of all networks of a kind."""
    method, run = make_run(name, row, options)
    images = Counter()

    def count(part):
        return lambda _, inputs, __: images.update({part: len(inputs[0])})

    for key, network in method.networks.items():
        if key.startswith("G"):
            network.start.register_forward_hook(count("encoder"))
            network.decoder.register_forward_hook(count("decoder"))
        elif key.startswith("D"):
            network.levels[0].register_forward_hook(count("discriminator"))
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = nullcontext()  # PyTorch's own stops at torch.autograd.grad
    counter.mod_tracker.parents = {"Global"}
    with counter:
        run()
    return counter.get_total_flops(), images


def time_step(run, device):
    """Returns processor and wall-clock seconds of a step."""
    start = time.process_time(), time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.process_time() - start[0], time.perf_counter() - start[1]


def measure(name, rows, options):
    """Prints work, equality and both clocks of every row."""
    base = rows[0]
    for row in rows:
        if "fused" not in ROWS[row]:
            flops, images = count_work(name, row, options)
            passes = ", ".join(f"{part} {number}" for part, number in images.items())
            print(f"{name}, {row}: {flops / 1e9:,.0f} GFLOP; images through {passes}")
    for row in rows[1:]:
        print(f"{name}, {row}: first losses differ by {compare_losses(name, row, options):.1e}", flush=True)
    runs = {row: make_run(name, row, options)[1] for row in rows}
    rounds = [{row: time_step(run, options.device) for row, run in runs.items()} for _ in range(options.rounds + 1)][1:]
    for clock, label in enumerate(("processor", "wall")):
        for row in rows:
            ratios = [times[base][clock] / times[row][clock] for times in rounds]
            seconds = statistics.median(times[row][clock] for times in rounds)
            speed = f"{statistics.median(ratios):.3f} times the speed ({min(ratios):.3f} to {max(ratios):.3f})"
            print(f"{name}, {row}: {label} {seconds:.3f} s per step, {speed}, {options.rounds} rounds", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=list(GENERATOR_TERMS), choices=list(GENERATOR_TERMS))
    parser.add_argument("--rows", nargs="+", default=list(ROWS)[:-1], choices=list(ROWS), help="the first is always on")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    options = parser.parse_args()
    threads = f", {torch.get_num_threads()} threads" if options.device == "cpu" else ""
    print(f"{options.device}{threads}, {options.size} x {options.size}, batch {options.batch}, default networks")
    rows = ["authors' order", *(row for row in options.rows if row != "authors' order")]
    for name in options.methods:
        measure(name, rows, options)


if __name__ == "__main__":
    main()
