"""One training step: the phases of a method in their order, each updating only its own networks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import fields, replace
from typing import Any

import torch
from torch import nn

from ganoscope.contracts import Batch, Domains, Method, Phase, Terms


def train_step(
    method: Method,
    batch: Batch | Domains,
    step: int,
    autocast: Callable[[], AbstractContextManager[object]],
    accumulate: int = 1,
) -> dict[str, Terms]:
    """Runs one step of every phase that is due, and returns the terms by phase name.

    Args:
        method: Networks and phases, on the batch's device.
        batch: Real images in [-1, 1], shape (B, C, H, W), with labels and weights; or images of two domains.
        step: Number of earlier steps; a phase with `every` k runs where it is a multiple of k.
        autocast: Makes the context in which losses are computed in the run's precision.
        accumulate: Number of parts into which the batch is split. A single part is shared by all phases; of several
            parts, each phase computes its own, so that only one is in memory at a time.
    """
    if accumulate == 1:
        with autocast():
            shared = method.forward(batch)
    done: dict[str, Terms] = {}
    for phase in method.phases:
        if step % phase.every:
            continue
        with only_learning(method.networks, phase.learns):
            phase.optimizer.zero_grad(set_to_none=True)
            if accumulate == 1:
                with autocast():
                    terms = phase.loss(shared)
                terms.total.backward()
            else:
                terms = add_up(method, phase, split(batch, accumulate), autocast)
            phase.optimizer.step()
        done[phase.name] = terms
    return done


def add_up(
    method: Method,
    phase: Phase,
    parts: list[Batch | Domains],
    autocast: Callable[[], AbstractContextManager[object]],
) -> Terms:
    """Accumulates the gradients of a phase over the parts of a batch, and returns the mean of their terms.

    Args:
        method: Networks and phases.
        phase: The phase to run.
        parts: Parts of equal size.
        autocast: Makes the context in which losses are computed in the run's precision.
    """
    terms: list[Terms] = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        with nullcontext() if last else phase.no_sync():
            with autocast():
                found = phase.loss(method.forward(part))
            (found.total / len(parts)).backward()
        terms.append(replace(found, **found.scalars()))
    means = {f.name: torch.stack([getattr(each, f.name) for each in terms]).mean() for f in fields(terms[0])}
    return replace(terms[0], **means)


def split(batch: Batch | Domains, parts: int) -> list[Batch | Domains]:
    """Returns a batch in equal parts, labels, weights and masks with their images."""
    cut: dict[str, Any] = {}
    for f in fields(batch):
        value = getattr(batch, f.name)
        cut[f.name] = [None] * parts if value is None else value.chunk(parts)
    return [type(batch)(**{name: values[part] for name, values in cut.items()}) for part in range(parts)]


@contextmanager
def only_learning(networks: Mapping[str, nn.Module], names: tuple[str, ...]) -> Iterator[None]:
    """Enables the gradients of the named networks only, and enables all again afterwards."""
    others = [network for name, network in networks.items() if name not in names]
    for network in others:
        network.requires_grad_(False)
    try:
        yield
    finally:
        for network in others:
            network.requires_grad_(True)
