"""Sources of published weights, and the public data sets that they were trained on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A publisher's weights.

    Attributes:
        input_kind: Input of the body; a name in `inputs.INPUTS`.
        networks: Names of the networks with published weights.
        trained_on: Public data sets that the weights were trained on. The RSNA challenge's images are from NIH's set,
            so weights trained on one of the two count as trained on both.
    """

    input_kind: str
    networks: tuple[str, ...]
    trained_on: tuple[str, ...]


XRV_SETS = {
    "all": ("nih", "rsna", "padchest", "chexpert", "mimic_cxr", "openi"),
    "nih": ("nih", "rsna"),
    "rsna": ("nih", "rsna"),
    "pc": ("padchest",),
    "chex": ("chexpert",),
    "mimic_ch": ("mimic_cxr",),
    "mimic_nb": ("mimic_cxr",),
}
"""Training sets by the suffix of torchxrayvision's names, `densenet121-res224-...`. The two of MIMIC-CXR differ in the
tool that extracted the labels from the reports; Google's labels in `all` are of NIH's images.

Source: Cohen et al. 2022, "TorchXRayVision: A library of chest X-ray datasets and models",
    https://arxiv.org/abs/2111.00595; Cohen et al. 2020, https://arxiv.org/abs/2002.02497
"""

SOURCES = {
    "imagenet": Source("imagenet", ("resnet50", "densenet121", "efficientnet_b1"), ("imagenet",)),
    **{f"xrv-{name}": Source("xrv", ("densenet121",), sets) for name, sets in XRV_SETS.items()},
}
"""Sources by the names that the user types."""
