"""Cost of a training step of each method over a bare PyTorch loop of the same networks, and the passes of G and D.

The bare loops follow the order of operations in which each method is usually written down: dcgan as in PyTorch's
tutorial; cgan with one batch of noise for D and another for G; wgan_gp as algorithm 1 of its paper, generated images
detached where the critic learns; r3gan as its authors' trainer: real and generated images apart, new ones for each
phase, R1 and R2 one after the other; cam_gan in the textbook's order: the teacher on real, on generated and on new
generated images. r3gan computes its penalties on the same share of the batch in both loops; r3gan_whole on all of it,
as the paper does.

Both take turns in blocks of steps in one process, with the same optimizers, precision and random images. Passes are
counted by hooks, in images per real image, over whole cycles of the phases. That both compute the same is shown by one
step in float32 with equal noise: the largest relative difference of a loss is printed. The generator's loss comes after
the discriminator's step, so that it tells of the gradients, too.
"""

import argparse
import statistics
import time
from contextlib import ExitStack, nullcontext
from dataclasses import fields
from pathlib import Path
from unittest import mock

import torch
import torch.nn.functional as F

from ganoscope.classifiers.teacher import Teacher
from ganoscope.classifiers.trained import ClassifierRecord, TrainedClassifier
from ganoscope.contracts import Batch, ImageSpec
from ganoscope.methods import load
from ganoscope.nets.parts.spectral_norm import LAYERS
from ganoscope.nets.pretrained import make_network
from ganoscope.training.loop import train_step
from ganoscope.training.processes import choose_precision, make_autocast

CLASSES = ("a", "b", "c")
BLOCK_STEPS = 5
CAM_SCALE = 0.05
"""Raw value of the untrained teacher's maps that becomes 1."""


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
        d_loss = bce(D(noisy(real)).logits, 0.9) + bce(D(noisy(fake.detach())).logits, 0.0)
    minimise(d_loss, adam_d)
    with autocast():
        g_loss = bce(D(noisy(fake)).logits, 1.0)
    minimise(g_loss, adam_g)
    return d_loss, g_loss


def bare_cgan(method, adam_d, adam_g, batch, step, autocast):
    G, D, real, label = method.G, method.D, batch.real, batch.label
    with autocast():
        fake = G(torch.randn(len(real), 100), label)
        d_loss = bce(D(noisy(real), label).logits, 0.9) + bce(D(noisy(fake.detach()), label).logits, 0.0)
    minimise(d_loss, adam_d)
    with autocast():
        g_loss = bce(D(noisy(G(torch.randn(len(real), 100), label)), label).logits, 1.0)
    minimise(g_loss, adam_g)
    return d_loss, g_loss


def bare_wgan_gp(method, adam_d, adam_g, batch, step, autocast):
    G, D, real = method.G, method.D, batch.real
    with autocast():
        fake = G(torch.randn(len(real), 100)).detach()
        share = torch.rand(len(real), 1, 1, 1)
        between = torch.lerp(fake, real, share).requires_grad_()
        score = D(between).logits
        (slope,) = torch.autograd.grad(score, between, torch.ones_like(score), create_graph=True)
        penalty = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
        d_loss = D(fake).logits.mean() - D(real).logits.mean() + 10 * penalty
    minimise(d_loss, adam_d)
    if step % 5:
        return (d_loss,)
    with autocast():
        g_loss = -D(G(torch.randn(len(real), 100))).logits.mean()
    minimise(g_loss, adam_g)
    return d_loss, g_loss


def penalise(D, image, label):
    image = image.detach().requires_grad_()
    logits = D(image, label).logits
    (slope,) = torch.autograd.grad(logits.sum(), image, create_graph=True)
    return logits, slope.float().square().sum((1, 2, 3)).mean() / 2


def bare_r3gan(method, adam_d, adam_g, batch, step, autocast):
    G, D, real, label = method.G, method.D, batch.real, batch.label
    count = round(len(real) * method.penalty_share)
    G.requires_grad_(False)
    with autocast():
        fake = G(torch.randn(len(real), 64), label)
        real_logits, r1 = penalise(D, real[:count], label[:count])
        fake_logits, r2 = penalise(D, fake[:count], label[:count])
        if count < len(real):
            real_logits = torch.cat([real_logits, D(real[count:], label[count:]).logits])
            fake_logits = torch.cat([fake_logits, D(fake[count:], label[count:]).logits])
        d_loss = F.softplus(fake_logits.float() - real_logits.float()).mean() + method.penalty_weight * (r1 + r2)
    minimise(d_loss, adam_d)
    G.requires_grad_(True)
    D.requires_grad_(False)
    with autocast():
        fake_logits = D(G(torch.randn(len(real), 64), label), label).logits
        real_logits = D(real, label).logits
        g_loss = F.softplus(real_logits.float() - fake_logits.float()).mean()
    minimise(g_loss, adam_g)
    D.requires_grad_(True)
    return d_loss, g_loss


def look(teacher, image):
    output = teacher.classifier.network(image)
    maps = torch.einsum("bchw,kc->bkhw", output.features, teacher.classifier.network.head.weight).float()
    maps = F.interpolate((maps / CAM_SCALE).clamp(0, 1), image.shape[-2:], mode="bilinear")
    return (maps * output.logits.float().softmax(1)[:, :, None, None]).sum(1, keepdim=True)


def bare_cam_gan(method, adam_d, adam_g, batch, step, autocast):
    G, D, teacher, real = method.G, method.D, method.teacher, batch.real
    with autocast():
        with torch.no_grad():
            fake = G(torch.randn(len(real), 100))
            real_cam, fake_cam = look(teacher, real), look(teacher, fake)
        seen, seen_fake = D(noisy(real)), D(noisy(fake))
        cam = ((seen.cam - real_cam).abs().mean() + (seen_fake.cam - fake_cam).abs().mean()) / 2
        d_loss = bce(seen.logits, 0.9) + bce(seen_fake.logits, 0.0) + cam
    minimise(d_loss, adam_d)
    with autocast():
        drawn = G.draw_with_attention(torch.randn(len(real), 100))
        fake_cam = look(teacher, drawn.image)
        seen = D(noisy(drawn.image))
        attention = sum(foresee(level, fake_cam.detach()) for level in drawn.attention) / len(drawn.attention)
        g_loss = bce(seen.logits, 1.0) + 5 * (seen.cam - fake_cam).abs().mean() + 10 * attention
    minimise(g_loss, adam_g)
    return d_loss, g_loss


def foresee(level, cam):
    level, target = level.float().clamp(1e-6, 1 - 1e-6), F.adaptive_avg_pool2d(cam, level.shape[-2:])
    return -(target * level.log() + (1 - target) * (1 - level).log()).mean()


BARE = {
    "dcgan": (bare_dcgan, {}),
    "cgan": (bare_cgan, {}),
    "wgan_gp": (bare_wgan_gp, {}),
    "r3gan": (bare_r3gan, {}),
    "r3gan_whole": (bare_r3gan, {"penalty_share": 1.0}),
    "cam_gan": (bare_cam_gan, {}),
}
COMPARED = {"cgan": {"spectral_norm": False}}
"""Changes for the comparison of losses: spectral norm iterates once more where real and generated images go apart."""


def make_method(name, options, **changes):
    torch.manual_seed(0)
    module = load(name.removesuffix("_whole"))
    method = module.build(module.Config(**BARE[name][1], **changes), ImageSpec(options.size, CLASSES))
    for network in method.networks.values():
        network.train().to(memory_format=torch.channels_last)
    if hasattr(method, "teacher"):
        method.teacher = make_teacher(options.teacher)
    return method


def make_teacher(name):
    """Returns an untrained classifier as a teacher: it costs as much as a trained one."""
    network = make_network(name, len(CLASSES), "grey").eval().requires_grad_(False)
    content = {field.name: None for field in fields(ClassifierRecord)} | {"temperature": 1.0}
    return Teacher(TrainedClassifier(Path(), ClassifierRecord(**content), network), CAM_SCALE)


def make_steps(name, options, autocast, **changes):
    """Returns each method with a function of the step's number that runs one step: ganoscope's, then the bare one."""
    real = torch.rand(options.batch, 1, options.size, options.size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    batch = Batch(real, torch.arange(options.batch) % len(CLASSES))
    ours, bare = (make_method(name, options, **changes) for _ in range(2))
    optimizers = [phase.optimizer for phase in bare.phases]
    return (
        (ours, lambda step: train_step(ours, batch, step, autocast)),
        (bare, lambda step: BARE[name][0](bare, *optimizers, batch, step, autocast)),
    )


def shake(method):
    """Moves all weights a little: some begin at zero, and what lies before them would take no part."""
    generator = torch.Generator().manual_seed(2)
    for network in method.networks.values():
        for parameter in network.parameters():
            parameter.data += 0.02 * torch.randn(parameter.shape, generator=generator)


def repeat(function):
    """Returns a random function that gives the same numbers at every call of the same shape."""
    return lambda *shape, **_: function(*shape, generator=torch.Generator().manual_seed(1))


def compare_losses(name, options):
    """Returns the largest relative difference of the losses of a first step in float32, all noise being equal."""
    pair = make_steps(name, options, nullcontext, **COMPARED.get(name, {}))
    for method, _ in pair:
        shake(method)
    (_, ours), (_, bare) = pair
    with ExitStack() as stack:
        for random in ("rand", "randn"):
            stack.enter_context(mock.patch.object(torch, random, repeat(getattr(torch, random))))
        stack.enter_context(mock.patch.object(torch, "randn_like", torch.zeros_like))
        pairs = zip(ours(0).values(), bare(0), strict=True)
        return max(abs(terms.total.item() / loss.item() - 1) for terms, loss in pairs)


def count_passes(method, run, batch_size):
    """Returns the images that pass through each network per real image, over one block of steps."""
    networks = {**method.networks}
    if hasattr(method, "teacher"):
        networks["teacher"] = method.teacher.classifier.network
    counts = dict.fromkeys(networks, 0)
    handles = [
        find_first_layer(network).register_forward_hook(
            lambda _, inputs, __, key=key: counts.update({key: counts[key] + len(inputs[0])})
        )
        for key, network in networks.items()
    ]
    for step in range(BLOCK_STEPS):
        run(step)
    for handle in handles:
        handle.remove()
    return {key: count / batch_size / BLOCK_STEPS for key, count in counts.items()}


def find_first_layer(network):
    return next(module for module in network.modules() if isinstance(module, LAYERS))


def time_block(run):
    """Returns processor and wall-clock seconds per step of one block."""
    start = time.process_time(), time.perf_counter()
    for step in range(BLOCK_STEPS):
        run(step)
    return (time.process_time() - start[0]) / BLOCK_STEPS, (time.perf_counter() - start[1]) / BLOCK_STEPS


def measure(name, options, autocast):
    """Prints one line of losses and passes, and one for each clock."""
    pair = make_steps(name, options, autocast)
    ours, bare = (count_passes(method, run, options.batch) for method, run in pair)
    passes = ", ".join(f"{key} {ours[key]:.1f} (bare {bare[key]:.1f})" for key in ours)
    print(f"{name}: losses differ by {compare_losses(name, options):.1e}; passes per real image: {passes}")
    rounds = [[time_block(run) for _, run in pair] for _ in range(options.rounds)]
    for clock, label in enumerate(("processor", "wall")):
        times = [(ours[clock], bare[clock]) for ours, bare in rounds]
        ratios = [ours / bare for ours, bare in times]
        ours, bare = (statistics.median(column) for column in zip(*times, strict=True))
        print(
            f"  {label} time: {ours:.3f} s per step, bare {bare:.3f}; ratio median {statistics.median(ratios):.3f}, "
            f"{min(ratios):.3f} to {max(ratios):.3f} over {options.rounds} pairs of {BLOCK_STEPS} steps",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=list(BARE), choices=list(BARE))
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16"))
    parser.add_argument("--teacher", default="small_cnn", help="network of cam_gan's teacher")
    options = parser.parse_args()
    precision = choose_precision(options.precision, "cpu")
    autocast = make_autocast("cpu", precision)
    print(f"{precision}, {options.size} x {options.size}, batch {options.batch}, {torch.get_num_threads()} threads")
    for name in options.methods:
        measure(name, options, autocast)


if __name__ == "__main__":
    main()
