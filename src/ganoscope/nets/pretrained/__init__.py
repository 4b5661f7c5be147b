"""Weights that others have published, from a file on the user's disk, in the networks of `nets.classifiers`.

The network takes the images as every other does, one channel in [-1, 1]; its `input` module makes of them what the
published body was trained on. It is saved with the body, so that nothing is left to the caller.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from torch import nn

from ganoscope.errors import UserError, describe, refuse
from ganoscope.files import compute_sha256
from ganoscope.nets.classifiers import load
from ganoscope.nets.parts.pooled_classifier import PooledClassifier
from ganoscope.nets.pretrained.inputs import INPUTS, make_input
from ganoscope.nets.pretrained.published import PUBLISHED, fill_body
from ganoscope.nets.pretrained.reading import load_tensors
from ganoscope.nets.pretrained.sources import SOURCES


@dataclass(frozen=True)
class PretrainedWeights:
    """Where a network's weights come from, and what they have seen.

    Attributes:
        source: The source's name, such as `imagenet` or `xrv-nih`.
        sha256: Of the file, in hexadecimal.
        trained_on: The public sets whose images the weights have seen, such as ("nih", "rsna"). The weights are no
            judge of images from these sets.
    """

    source: str
    sha256: str
    trained_on: tuple[str, ...]


def load_pretrained(network_name: str, classes: int, path: Path, source: str) -> tuple[nn.Module, PretrainedWeights]:
    """Returns the network with the file's weights and a new random head, and the record of the weights.

    The network takes images (B, 1, H, W) in [-1, 1]. Its features are those of the published network for the same
    picture: for `imagenet` the picture in [0, 1], its one channel repeated to three and normalised by ImageNet's mean
    and deviation; for `xrv-...` the picture in [-1024, 1024].

    Differs: torchxrayvision resizes every picture to 224 x 224; here the body takes the size that is given.

    Args:
        network_name: `resnet50`, `densenet121` or `efficientnet_b1`.
        classes: Outputs of the new head.
        path: A state dict, .safetensors, .pth or .pt.
        source: Where the weights come from: a name in `sources.SOURCES`, such as `imagenet` for torchvision's files or
            `xrv-nih` for torchxrayvision's of that name. The user states it: no file says what it was trained on.

    Raises:
        UserError: The file can't be read or does not fit, or source or network are unknown.
    """
    refuse([*find_source_faults(network_name, source), *find_path_faults(path)])
    network = make_network(network_name, classes, SOURCES[source].input_kind)
    fill_body(cast(PooledClassifier, network).body, network_name, load_tensors(path, source), source)
    return network, PretrainedWeights(source, compute_sha256(path), SOURCES[source].trained_on)


def make_network(network_name: str, classes: int, input_kind: str) -> nn.Module:
    """Returns the network with random weights: the modules that `load_pretrained` fills.

    Args:
        network_name: A name in `nets.classifiers`; for the input kind `grey` also a dotted name.
        classes: Outputs of the head.
        input_kind: `grey` (a body of one channel in [-1, 1]), `imagenet` or `xrv`; see `get_input_kind`.

    Raises:
        UserError: There is no such network or input kind.
    """
    if input_kind not in INPUTS:
        remedy = "Restore the classifier's record from a copy."
        raise UserError(describe("unknown input kind of a network", input_kind, ", ".join(INPUTS), remedy))
    network = load(network_name).build(classes, INPUTS[input_kind].channels)
    if input_kind != "grey":
        network.input = make_input(input_kind)
    return network


def get_input_kind(source: str) -> str:
    """Returns the input kind of a source's networks, `imagenet` or `xrv`.

    Raises:
        UserError: There is no such source.
    """
    if source not in SOURCES:
        raise UserError(describe_unknown(source))
    return SOURCES[source].input_kind


def freeze_body(network: nn.Module) -> None:
    """Freezes all but the head: from now on `network.train()` leaves the body in evaluation mode.

    So neither its weights move nor the running statistics of its batch norms.

    Raises:
        UserError: The network is no `PooledClassifier`, which alone keeps a frozen body still.
    """
    if not isinstance(network, PooledClassifier):
        remedy = "Build yours with ganoscope.nets.parts.pooled_classifier.PooledClassifier, or train all of it."
        raise UserError(describe("body can't be frozen", type(network).__name__, "a PooledClassifier", remedy))
    network.body.requires_grad_(False)
    network.train(network.training)


def find_source_faults(network_name: str, source: str) -> list[str]:
    """Returns what is wrong with the names of network and source, and with their pair."""
    faults = []
    if network_name not in PUBLISHED:
        remedy = "Choose one of these with --network, or train without --weights."
        faults.append(describe("no pretrained weights fit the network", network_name, ", ".join(PUBLISHED), remedy))
    if source not in SOURCES:
        faults.append(describe_unknown(source))
    elif network_name in PUBLISHED and network_name not in SOURCES[source].networks:
        allowed = ", ".join(SOURCES[source].networks)
        remedy = "Choose that with --network, or other weights."
        faults.append(describe(f"weights of source {source} do not fit the network", network_name, allowed, remedy))
    return faults


def find_path_faults(path: Path) -> list[str]:
    """Returns what is wrong with the path of a weights file."""
    if path.is_file():
        return []
    given = f"{path}, a folder" if path.is_dir() else f"{path}, which does not exist"
    remedy = "Name the file that you have downloaded; ganoscope downloads no weights."
    return [describe("no weights file", given, "a .safetensors, .pth or .pt file", remedy)]


def describe_unknown(source: str) -> str:
    """Returns the message for a source that is not known, or not stated."""
    fault = "unknown source of weights" if source else "source of the weights is not stated"
    remedy = (
        "State with --weights-source what the file was trained on: the file does not say it, and weights must not "
        "judge images that they have seen."
    )
    return describe(fault, source or "nothing", ", ".join(SOURCES), remedy)
