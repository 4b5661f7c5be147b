"""Published weights, from a file on the user's disk, for the networks of `nets.classifiers`.

The network takes images like every other, one channel in [-1, 1]; its `input` module converts them to the input that
the published body was trained on. It is saved with the body, so that callers need no conversion.
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
    """Origin of a network's weights, and the data sets that they were trained on.

    Attributes:
        source: Name of the source, such as `imagenet` or `xrv-nih`.
        sha256: SHA-256 of the file, in hexadecimal.
        trained_on: Public data sets that the weights were trained on, such as ("nih", "rsna"). They must not be used
            to evaluate images from these sets.
    """

    source: str
    sha256: str
    trained_on: tuple[str, ...]


def load_pretrained(network_name: str, classes: int, path: Path, source: str) -> tuple[nn.Module, PretrainedWeights]:
    """Returns the network with the file's weights and a new random head, and the origin of the weights.

    The network takes images (B, 1, H, W) in [-1, 1]. Its features are those of the published network for the same
    picture: for `imagenet` the picture in [0, 1], its one channel repeated to three and normalised by ImageNet's mean
    and deviation; for `xrv-...` the picture in [-1024, 1024].

    Differs: torchxrayvision resizes every picture to 224 x 224; here the body takes any size.

    Args:
        network_name: `resnet50`, `densenet121` or `efficientnet_b1`.
        classes: Outputs of the new head.
        path: A state dict, .safetensors, .pth or .pt.
        source: Origin of the weights, a name in `sources.SOURCES`, such as `imagenet` for torchvision's files or
            `xrv-nih` for torchxrayvision's of that name. The user states it, as files don't name their training data.

    Raises:
        UserError: The file can't be read or does not fit, or source or network are unknown.
    """
    refuse([*find_source_faults(network_name, source), *find_path_faults(path)])
    network = make_network(network_name, classes, SOURCES[source].input_kind)
    fill_body(cast(PooledClassifier, network).body, network_name, load_tensors(path, source), source)
    return network, PretrainedWeights(source, compute_sha256(path), SOURCES[source].trained_on)


def make_network(network_name: str, classes: int, input_kind: str) -> nn.Module:
    """Returns the network with random weights; `load_pretrained` loads published ones into it.

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

    Neither its weights change nor the running statistics of its batch norms.

    Raises:
        UserError: The network is not a `PooledClassifier`; only these keep a frozen body in evaluation mode.
    """
    if not isinstance(network, PooledClassifier):
        remedy = "Build yours with ganoscope.nets.parts.pooled_classifier.PooledClassifier, or train all of it."
        raise UserError(describe("body can't be frozen", type(network).__name__, "a PooledClassifier", remedy))
    network.body.requires_grad_(False)
    network.train(network.training)


def find_source_faults(network_name: str, source: str) -> list[str]:
    """Returns the faults of a network's and a source's name, and of their combination."""
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
    """Returns the faults of the path of a weights file."""
    if path.is_file():
        return []
    given = f"{path}, a folder" if path.is_dir() else f"{path}, which does not exist"
    remedy = "Name the file that you have downloaded; ganoscope downloads no weights."
    return [describe("no weights file", given, "a .safetensors, .pth or .pt file", remedy)]


def describe_unknown(source: str) -> str:
    """Returns the message for a source that is unknown or not stated."""
    fault = "unknown source of weights" if source else "source of the weights is not stated"
    remedy = (
        "State with --weights-source what the file was trained on: the file does not state it, and weights must not "
        "be evaluated on images that they were trained on."
    )
    return describe(fault, source or "nothing", ", ".join(SOURCES), remedy)
