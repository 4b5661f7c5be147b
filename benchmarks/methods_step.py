"""Cost of a training step of each method over a bare PyTorch loop of the same networks, and the passes of G and D.

The bare loops follow the order of operations in which each method is usually written down: dcgan as in PyTorch's
tutorial; cgan with one batch of noise for D and another for G; wgan_gp as algorithm 1 of its paper, generated images
detached where the critic learns. Both take turns in blocks of steps in one process, with the same optimizers,
precision and random images. Passes are counted by hooks, in images per real image, over whole cycles of the phases.
"""

import argparse
import statistics
import time

import torch
import torch.nn.functional as F

from ganoscope.contracts import Batch, ImageSpec
from ganoscope.methods import load
from ganoscope.training.loop import train_step
from ganoscope.training.processes import choose_precision, make_autocast

CLASSES = ("a", "b", "c")
BLOCK_STEPS = 5


def minimise(loss, optimizer):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def noisy(image):
    return image + 0.1 * torch.randn_like(image)


def bare_dcgan(method, adam_d, adam_g, batch, step, autocast):
    G, D, real = method.G, method.D, batch.real
    with autocast():
        fake = G(torch.randn(len(real), 100))
        loss = bce(D(noisy(real)).logits, 0.9) + bce(D(noisy(fake.detach())).logits, 0.0)
    minimise(loss, adam_d)
    with autocast():
        loss = bce(D(noisy(fake)).logits, 1.0)
    minimise(loss, adam_g)


def bare_cgan(method, adam_d, adam_g, batch, step, autocast):
    G, D, real, label = method.G, method.D, batch.real, batch.label
    with autocast():
        fake = G(torch.randn(len(real), 100), label)
        loss = bce(D(noisy(real), label).logits, 0.9) + bce(D(noisy(fake.detach()), label).logits, 0.0)
    minimise(loss, adam_d)
    with autocast():
        loss = bce(D(noisy(G(torch.randn(len(real), 100), label)), label).logits, 1.0)
    minimise(loss, adam_g)


def bare_wgan_gp(method, adam_d, adam_g, batch, step, autocast):
    G, D, real = method.G, method.D, batch.real
    with autocast():
        fake = G(torch.randn(len(real), 100)).detach()
        share = torch.rand(len(real), 1, 1, 1)
        between = (share * real + (1 - share) * fake).requires_grad_()
        score = D(between).logits
        (slope,) = torch.autograd.grad(score, between, torch.ones_like(score), create_graph=True)
        penalty = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
        loss = D(fake).logits.mean() - D(real).logits.mean() + 10 * penalty
    minimise(loss, adam_d)
    if step % 5 == 4:
        with autocast():
            loss = -D(G(torch.randn(len(real), 100))).logits.mean()
        minimise(loss, adam_g)


BARE = {"dcgan": bare_dcgan, "cgan": bare_cgan, "wgan_gp": bare_wgan_gp}


def make_method(name, size):
    torch.manual_seed(0)
    module = load(name)
    method = module.build(module.Config(), ImageSpec(size, CLASSES))
    for network in method.networks.values():
        network.train().to(memory_format=torch.channels_last)
    return method


def make_steps(name, size, batch_size, autocast):
    """Returns functions (step number) -> None for ganoscope's step and the bare one, each with its method."""
    batch = Batch(torch.rand(batch_size, 1, size, size) * 2 - 1, torch.arange(batch_size) % len(CLASSES))
    ours, bare = make_method(name, size), make_method(name, size)
    optimizers = [phase.optimizer for phase in bare.phases]
    return (
        (ours, lambda step: train_step(ours, batch, step, autocast)),
        (bare, lambda step: BARE[name](bare, *optimizers, batch, step, autocast)),
    )


def count_passes(method, run, batch_size):
    """Returns the images that pass through G and D per real image, over one block of steps."""
    counts = dict.fromkeys(("G", "D"), 0)
    handles = [
        method.networks[key].register_forward_hook(
            lambda _, inputs, __, key=key: counts.update({key: counts[key] + len(inputs[0])})
        )
        for key in counts
    ]
    for step in range(BLOCK_STEPS):
        run(step)
    for handle in handles:
        handle.remove()
    return {key: count / batch_size / BLOCK_STEPS for key, count in counts.items()}


def time_block(run):
    start = time.process_time()
    for step in range(BLOCK_STEPS):
        run(step)
    return (time.process_time() - start) / BLOCK_STEPS


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", default=list(BARE), choices=list(BARE))
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=8)
    given = parser.parse_args()
    precision = choose_precision("auto", "cpu")
    autocast = make_autocast("cpu", precision)
    print(f"{precision}, {given.size} x {given.size}, batch {given.batch}, {torch.get_num_threads()} threads, CPU time")
    for name in given.methods:
        pair = make_steps(name, given.size, given.batch, autocast)
        passes = [count_passes(method, run, given.batch) for method, run in pair]
        times = [[time_block(run) for _, run in pair] for _ in range(given.rounds)]
        ratios = [ours / bare for ours, bare in times]
        ours, bare = (statistics.median(column) for column in zip(*times, strict=True))
        print(
            f"{name}: {ours:.3f} s per step, bare {bare:.3f}; ratio median {statistics.median(ratios):.3f}, "
            f"{min(ratios):.3f} to {max(ratios):.3f} over {given.rounds} pairs of {BLOCK_STEPS} steps; passes per real "
            + ", ".join(f"image of {key} {passes[0][key]:.1f}, bare {passes[1][key]:.1f}" for key in ("G", "D"))
        )


if __name__ == "__main__":
    main()
