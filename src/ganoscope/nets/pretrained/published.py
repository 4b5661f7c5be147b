"""Published state dicts: names of their tensors in our networks, and the faults of those that don't fit."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from ganoscope.errors import describe, refuse
from ganoscope.nets.classifiers import load
from ganoscope.nets.parts.pooled_classifier import PooledClassifier

NAMED = 4
"""Number of tensor names in a message."""


class Publication(NamedTuple):
    """Names of a network's tensors in its published state dict.

    Attributes:
        head: Prefix of the names of the head's tensors.
        ours: Pattern in the name of a tensor of our body.
        theirs: Its replacement in the published name.
        first: Published name of the first convolution, which has the number of channels.
    """

    head: str
    ours: str
    theirs: str
    first: str


PUBLISHED = {
    "densenet121": Publication("classifier.", r"\.layers\.", ".", "features.conv0.weight"),
    "efficientnet_b1": Publication("classifier.", "^", "features.", "features.0.0.weight"),
    "resnet50": Publication("fc.", "^", "", "conv1.weight"),
}
"""Names by torchvision, which torchxrayvision shares."""

COUNTER = "num_batches_tracked"
"""Counter of a batch norm, which older files lack and nothing here reads."""
UNUSED = ("op_threshs",)
"""Tensors that are not part of the body: torchxrayvision's output thresholds."""


def fill_body(body: nn.Module, network_name: str, tensors: Mapping[str, Tensor], source: str) -> None:
    """Copies the tensors of a published state dict into the body, without its head.

    Args:
        body: Body of a network in `nets.classifiers`, with the channels of the source's input.
        network_name: Name of the network.
        tensors: The state dict; names and shapes are checked.
        source: Name of its source, for messages.

    Raises:
        UserError: The tensors do not fit; all reasons at once.
    """
    given = {normalise(name): tensor for name, tensor in tensors.items()}
    names, state = name_published(network_name, body), body.state_dict()
    expected = {theirs: state[ours] for ours, theirs in names.items()}
    refuse(find_faults(network_name, source, given, expected))
    body.load_state_dict({ours: given.get(theirs, expected[theirs]) for ours, theirs in names.items()})


def name_published(network_name: str, body: nn.Module) -> dict[str, str]:
    """Returns the published names of the body's tensors, by our names."""
    _, ours, theirs, _ = PUBLISHED[network_name]
    return {name: re.sub(ours, theirs, name) for name in body.state_dict()}


def normalise(name: str) -> str:
    """Returns a tensor's name in the current form for DenseNets: torchvision's files have an older one.

    Example:
        >>> normalise("features.denseblock1.denselayer2.norm.1.weight")
        'features.denseblock1.denselayer2.norm1.weight'
    """
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", name)


def find_faults(
    network_name: str, source: str, given: Mapping[str, Tensor], expected: Mapping[str, Tensor]
) -> list[str]:
    """Returns why tensors don't fit a network: another architecture, other channels, or non-finite values.

    Args:
        network_name: The network.
        source: Name of the tensors' source.
        given: The file's tensors, by published name and of any shape.
        expected: The network's tensors, by the same names.
    """
    misfits = list_misfits(network_name, given, expected)
    if misfits:
        fault = f"weights file does not fit {network_name}"
        found = f"{len(given):,} tensors; {'; '.join(misfits)}"
        return [describe(fault, found, f"the tensors of {network_name}", advise(network_name, given))]
    first = PUBLISHED[network_name].first
    if given[first].shape != expected[first].shape:
        fault = f"weights file is not of source {source}"
        channels = f"a first layer for {given[first].shape[1]} channels"
        remedy = "State the --weights-source that the file is from."
        return [describe(fault, channels, str(expected[first].shape[1]), remedy)]
    bad = [name for name in expected if not name.endswith(COUNTER) and not is_finite(given[name])]
    if bad:
        remedy = "Copy or download the file again."
        return [describe("weights are no finite numbers", count_names("bad", bad), "finite numbers", remedy)]
    return []


def list_misfits(network_name: str, given: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> list[str]:
    """Returns the missing, unexpected and misshapen tensors: their number and some of their names.

    Args:
        network_name: The network.
        given: The file's tensors, by published name and of any shape.
        expected: The network's tensors, by the same names.
    """
    head, *_, first = PUBLISHED[network_name]
    kinds = {
        "missing": [name for name in expected if name not in given and not name.endswith(COUNTER)],
        "unexpected": [name for name in given if name not in expected and not name.startswith((head, *UNUSED))],
        "of another shape": [
            f"{name} {describe_shape(given[name].shape)} for {describe_shape(expected[name].shape)}"
            for name in expected
            if name in given and not has_shape(given[name], expected[name].shape, name == first)
        ],
    }
    return [count_names(kind, names) for kind, names in kinds.items() if names]


def has_shape(tensor: Tensor, shape: torch.Size, any_channels: bool) -> bool:
    """Tells whether a tensor has a shape.

    Args:
        tensor: The tensor.
        shape: The shape.
        any_channels: Whether the second dimension, the input channels of a convolution, may differ.
    """
    return tensor.shape == (torch.Size((shape[0], *tensor.shape[1:2], *shape[2:])) if any_channels else shape)


def is_finite(tensor: Tensor) -> bool:
    """Tells whether all values of a tensor (any shape) are finite floating-point numbers."""
    return tensor.is_floating_point() and bool(tensor.isfinite().all())


def advise(network_name: str, given: Mapping[str, Tensor]) -> str:
    """Returns the remedy for tensors that don't fit a network: the known network that they fit, or fit best.

    The fit is the share of all tensors of both that have the same name and shape.
    """
    shares = {}
    for name, (head, *_, first) in PUBLISHED.items():
        expected = make_shapes(name)
        same = [key for key in expected if key in given and has_shape(given[key], expected[key], key == first)]
        union = {*expected, *(key for key in given if not key.startswith(head) and not key.endswith(COUNTER))}
        shares[name] = (len(same) / len(union), f"{len(same)} of the {len(expected)} tensors of {name}")
    best = max(shares, key=lambda name: shares[name][0])
    share, counted = shares[best]
    if share > 0.9:
        remedy = "Copy or download it again." if best == network_name else f"Choose --network {best}."
        return f"It looks like {best}: it has {counted}. {remedy}"
    likeness = f"It is most like {best}, with {counted}" if share else "It resembles none of them"
    return f"{likeness}; known are {', '.join(PUBLISHED)}. Give the published file of one of these."


def make_shapes(network_name: str) -> dict[str, torch.Size]:
    """Returns the shapes of a body's tensors by their published names, counters left out."""
    body = cast(PooledClassifier, load(network_name).build(1, 3)).body
    names, state = name_published(network_name, body), body.state_dict()
    return {names[name]: state[name].shape for name in state if not name.endswith(COUNTER)}


def describe_shape(shape: torch.Size) -> str:
    """Returns a shape in words, such as `64 x 3 x 7 x 7`."""
    return " x ".join(map(str, shape)) or "a single number"


def count_names(kind: str, names: Sequence[str]) -> str:
    """Returns how many there are of a kind, with some of them named.

    Example:
        >>> count_names("missing", ["a", "b", "c", "d", "e"])
        '5 missing (a, b, c, d, ...)'
    """
    return f"{len(names):,} {kind} ({', '.join(names[:NAMED])}{', ...' if len(names) > NAMED else ''})"
