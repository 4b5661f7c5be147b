"""One training step: the phases of a method in their order, each moving only its own networks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from torch import nn

from ganoscope.contracts import Batch, Method, Terms


def train_step(
    method: Method, batch: Batch, step: int, autocast: Callable[[], AbstractContextManager[object]]
) -> dict[str, Terms]:
    """Runs one step of every phase that is due, and returns their terms by the phase's name.

    Args:
        method: Networks and phases, on the batch's device.
        batch: Real images in [-1, 1].
        step: Number of steps done before; a phase with `every` k runs where it is a multiple of k.
        autocast: Makes the context in which losses are computed in the run's precision.
    """
    with autocast():
        shared = method.forward(batch)
    done: dict[str, Terms] = {}
    for phase in method.phases:
        if step % phase.every:
            continue
        with only_learning(method.networks, phase.learns):
            with autocast():
                terms = phase.loss(shared)
            phase.optimizer.zero_grad(set_to_none=True)
            terms.total.backward()
            phase.optimizer.step()
        done[phase.name] = terms
    return done


@contextmanager
def only_learning(networks: Mapping[str, nn.Module], names: tuple[str, ...]) -> Iterator[None]:
    """Opens the gradients of the named networks only, and opens all again afterwards."""
    others = [network for name, network in networks.items() if name not in names]
    for network in others:
        network.requires_grad_(False)
    try:
        yield
    finally:
        for network in others:
            network.requires_grad_(True)
