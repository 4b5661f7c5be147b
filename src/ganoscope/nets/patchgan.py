"""PatchGAN: a discriminator that scores patches, with its feature maps for explanations.

Source: Isola, Zhu, Zhou, Efros 2017, sect. 3.2.2 and appendix 6.1.2, https://arxiv.org/abs/1611.07004; in the form of
    Zhu, Park, Isola, Efros 2017, appendix 7.2, https://arxiv.org/abs/1703.10593
Differs: spectral norm on every convolution (Miyato et al. 2018, https://arxiv.org/abs/1802.05957); convolutions before
    an instance norm have no bias, because the norm removes it again and only rounding would change it.
"""

from itertools import pairwise
from typing import NamedTuple

from torch import Tensor, nn

from ganoscope.nets.dcgan import init_weights
from ganoscope.nets.parts.spectral_norm import add_spectral_norm
from ganoscope.nets.resnet_generator import check_sides

MIN_SIDE = 24


class PatchOutput(NamedTuple):
    """Output of the discriminator.

    Attributes:
        patches: Raw scores, shape (B, 1, h, w); above 0 means real.
        features: The last three maps after an activation, finest first, shapes (B, C, h, w).
    """

    patches: Tensor
    features: tuple[Tensor, ...]

    @property
    def logits(self) -> Tensor:
        """The mean score of an image's patches, shape (B,)."""
        return self.patches.mean(dim=(1, 2, 3))


class PatchGAN(nn.Module):
    """Scores patches of 70 x 70 pixels, 8 px apart, of images (B, 1, H, W) in [-1, 1], sides of 24 or more.

    Instance norm cancels any factor of the convolution before it: with both norms, spectral norm acts only on the first
    and the last convolution. It also makes every score depend a little on the whole image, by mean and variance.
    """

    def __init__(self, channels: int = 64, spectral_norm: bool = True, instance_norm: bool = True) -> None:
        super().__init__()
        widths = [channels, 2 * channels, 4 * channels, 8 * channels]
        first = nn.Sequential(nn.Conv2d(1, channels, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True))
        steps = zip(pairwise(widths), (2, 2, 1), strict=True)
        others = [patch_block(narrow, wide, stride, instance_norm) for (narrow, wide), stride in steps]
        self.levels = nn.ModuleList([first, *others])
        self.head = nn.Conv2d(widths[-1], 1, 4, 1, 1)
        self.apply(init_weights)
        if spectral_norm:
            add_spectral_norm(self)

    def forward(self, image: Tensor) -> PatchOutput:
        """Returns the scores of all patches and the last three maps of images (B, 1, H, W) in [-1, 1].

        Raises:
            ValueError: A side is below 24.
        """
        check_sides(image.shape[2:], 1, MIN_SIDE)
        features: list[Tensor] = []
        for level in self.levels:
            image = level(image)
            features.append(image)
        return PatchOutput(self.head(image), tuple(features[-3:]))


def patch_block(narrow: int, wide: int, stride: int, instance_norm: bool) -> nn.Sequential:
    """Returns a block: 4 x 4 convolution, optional instance norm, LeakyReLU 0.2.

    Args:
        narrow: Input channels.
        wide: Output channels.
        stride: Stride of the convolution.
        instance_norm: Whether instance norm follows it.
    """
    norm = [nn.InstanceNorm2d(wide)] if instance_norm else []
    convolution = nn.Conv2d(narrow, wide, 4, stride, 1, bias=not instance_norm)
    return nn.Sequential(convolution, *norm, nn.LeakyReLU(0.2, inplace=True))
