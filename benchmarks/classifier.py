"""Images per second of classifier training, against a bare PyTorch loop over decoded tensors that lie in memory.

Both train the same network with the same optimizer, precision and batches, and take turns in blocks of steps in one
process. Ours reads every batch from the memory-mapped store, converts it, seeds dropout and, where it says so, augments
it. Validation, checkpoints and the evaluation at the end are not in these figures.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.nets.classifiers import load
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.training.classifier.session import Session
from ganoscope.workflows.phantom import phantom

BLOCK_STEPS = 10


class BareLoop:
    """A training loop as it stands in every tutorial: shuffled indices into one tensor of float images."""

    def __init__(self, store, config, network):
        self.network = network.train().to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.network.parameters(), config.learning_rate, fused=True)
        indices = store.indices("train")
        self.images = torch.from_numpy(store.load_images(indices))
        self.labels = torch.from_numpy(np.unique(store.column("label")[indices], return_inverse=True)[1])
        self.batch, self.bf16 = config.batch_size, config.precision == "bf16"

    def step(self):
        chosen = torch.randint(len(self.images), (self.batch,))
        image = self.images[chosen].contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            logits = self.network(image).logits
        loss = F.cross_entropy(logits.float(), self.labels[chosen])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()


class OurLoop:
    """A session as `ganoscope classify` makes it."""

    def __init__(self, store, run, config, network):
        run.mkdir()
        self.session = Session(store, run, config, network)
        self.session.network.train()
        self.feed = self.session._feed()

    def step(self):
        self.session._step(*next(self.feed))


def timed(step):
    start = time.perf_counter()
    for _ in range(BLOCK_STEPS):
        step()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="small_cnn")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args()
    config = ClassifyConfig(network=options.network, device="cpu").resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        phantom(folder / "store", PhantomConfig(number=1000, size=options.size))
        store = Store.open(folder / "store")
        networks = [load(options.network).build(3) for _ in range(3)]
        loops = {
            "bare": BareLoop(store, config, networks[0]),
            "plain": OurLoop(store, folder / "plain", replace(config, augment="none"), networks[1]),
            "augmented": OurLoop(store, folder / "augmented", config, networks[2]),
        }
        rounds = [{kind: timed(loop.step) for kind, loop in loops.items()} for _ in range(options.rounds + 1)][1:]
    images = BLOCK_STEPS * config.batch_size
    rates = {kind: images / statistics.median(seconds[kind] for seconds in rounds) for kind in loops}
    print(
        f"{options.network}, {options.size} x {options.size}, batch {config.batch_size}, {config.precision}, "
        f"{torch.get_num_threads()} threads; images/s: "
        + ", ".join(f"{kind} {rate:.0f}" for kind, rate in rates.items())
    )
    for kind in ("plain", "augmented"):
        ratios = [seconds[kind] / seconds["bare"] for seconds in rounds]
        print(
            f"ratio of time, ganoscope {kind} / bare: median {statistics.median(ratios):.3f}, {min(ratios):.3f} to "
            f"{max(ratios):.3f} over {len(rounds)} blocks of {BLOCK_STEPS} steps"
        )


if __name__ == "__main__":
    main()
