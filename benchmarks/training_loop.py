"""Cost of the training loop over a bare PyTorch loop of the same networks, optimizers, precision and batches.

The two take turns in blocks of steps in one process, so that a change of the machine's speed meets both. Ours includes
everything a run does at each step: choosing and reading the batch from the store, seeding, the moving average, noting
and writing the history. Checkpoints and sample grids come once a twentieth of a run; their share is printed apart.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from ganoscope.contracts import ImageSpec
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.methods.dcgan import Config, build
from ganoscope.training.config import TrainConfig
from ganoscope.training.kept_alarms import TrainingAlarms
from ganoscope.training.preflight import prepare_run
from ganoscope.training.processes import Place
from ganoscope.training.run_folder.history import History
from ganoscope.training.session import Session
from ganoscope.workflows.phantom import phantom

SIZE, BATCH, BLOCK_STEPS = 64, 32, 10


class BareLoop:
    """A DCGAN step as it stands in every tutorial, on random images that lie ready in memory."""

    def __init__(self, precision):
        torch.manual_seed(0)
        self.method = build(Config(), ImageSpec(SIZE))
        for network in self.method.networks.values():
            network.train().to(memory_format=torch.channels_last)
        betas = (0.5, 0.999)
        self.optimizer_d = torch.optim.Adam(self.method.D.parameters(), 2e-4, betas, fused=True)
        self.optimizer_g = torch.optim.Adam(self.method.G.parameters(), 2e-4, betas, fused=True)
        self.real = torch.rand(BATCH, 1, SIZE, SIZE) * 2 - 1
        self.enabled = precision == "bf16"

    def judge(self, image):
        return self.method.D(image + 0.1 * torch.randn_like(image)).logits

    def step(self):
        G, D = self.method.G, self.method.D
        with torch.autocast("cpu", torch.bfloat16, enabled=self.enabled):
            fake = G(torch.randn(BATCH, 100))
            real_logits, fake_logits = self.judge(self.real), self.judge(fake.detach())
            targets = torch.full_like(real_logits, 0.9)
            loss = F.binary_cross_entropy_with_logits(real_logits, targets)
            loss = loss + F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
        self.optimizer_d.zero_grad()
        loss.backward()
        self.optimizer_d.step()
        D.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.enabled):
            logits = self.judge(fake)
            loss = F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
        self.optimizer_g.zero_grad()
        loss.backward()
        self.optimizer_g.step()
        D.requires_grad_(True)


class OurLoop:
    """A session as `ganoscope train` makes it."""

    def __init__(self, folder):
        phantom(folder / "store", PhantomConfig(number=1000, size=SIZE))
        config = TrainConfig(images=80_000, batch_size=BATCH)
        record = prepare_run("dcgan", Config(), folder / "store", folder / "run", config)
        self.session = Session(record, folder / "run", Place(torch.device("cpu")))
        self.history, self.alarms = History(folder / "run", 0), TrainingAlarms(folder / "run", 0)
        self.precision, self.ticks = record.train.precision, 80_000 // record.train.tick_images

    def block(self):
        for _ in range(BLOCK_STEPS):
            self.history.add(self.session.images_seen, 0.0, self.session._step())
        return self.history.flush()


def timed(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        ours = OurLoop(Path(name))
        bare = BareLoop(ours.precision)
        pairs = []
        for index in range(rounds + 1):
            bare_seconds, _ = timed(lambda: [bare.step() for _ in range(BLOCK_STEPS)])
            our_seconds, rows = timed(ours.block)
            if index:
                pairs.append((our_seconds, bare_seconds))
        tick_seconds, _ = timed(lambda: ours.session._tick(ours.history, ours.alarms, rows))
    ratios = [our / bare for our, bare in pairs]
    bare_rate = BLOCK_STEPS / statistics.median(bare for _, bare in pairs)
    our_rate = BLOCK_STEPS / statistics.median(our for our, _ in pairs)
    run_seconds = 80_000 / BATCH / our_rate
    print(f"precision {ours.precision}, {SIZE} x {SIZE}, batch {BATCH}, {torch.get_num_threads()} threads")
    print(f"steps per second: bare {bare_rate:.2f}, ganoscope {our_rate:.2f}")
    print(
        f"ratio of time, ganoscope / bare: median {statistics.median(ratios):.3f}, "
        f"{min(ratios):.3f} to {max(ratios):.3f} over {rounds} pairs of {BLOCK_STEPS} steps"
    )
    print(
        f"one tick (checkpoint, grid, alarms): {tick_seconds:.2f} s; {ours.ticks} ticks are "
        f"{ours.ticks * tick_seconds / run_seconds:.1%} of a run of 80,000 images"
    )


if __name__ == "__main__":
    main()
