"""The critic of WGAN-GP: DCGAN's discriminator without batch norm."""

from itertools import pairwise

from torch import Tensor, nn

from ganoscope.nets.dcgan import DiscriminatorOutput, init_weights, plan_channels, plan_levels


class Critic(nn.Module):
    """Scores images (B, 1, size, size) in [-1, 1]; only differences between scores have a meaning.

    Batch norm would make an image's score depend on the others, for which the gradient penalty is not defined; layer
    norm replaces it. The last layer has no bias: it would cancel in the difference, and have no gradient.

    Source: Gulrajani et al. 2017, sect. 4, https://arxiv.org/abs/1704.00028
    """

    relative_scores = True
    """Only differences between scores have a meaning."""

    def __init__(self, size: int, base_channels: int) -> None:
        super().__init__()
        side, levels = plan_levels(size)
        channels = plan_channels(levels, base_channels)
        first = nn.Sequential(nn.Conv2d(1, channels[0], 4, 2, 1), nn.LeakyReLU(0.2, inplace=True))
        self.levels = nn.ModuleList([first, *(critic_block(narrow, wide) for narrow, wide in pairwise(channels))])
        self.head = nn.Conv2d(channels[-1], 1, side, 1, 0, bias=False)
        self.apply(init_weights)

    def forward(self, image: Tensor) -> DiscriminatorOutput:
        """Returns scores (B,), as `logits`, and the features of every level for images in [-1, 1]."""
        features: list[Tensor] = []
        for level in self.levels:
            image = level(image)
            features.append(image)
        return DiscriminatorOutput(self.head(image).flatten(), tuple(features))


def critic_block(narrow: int, wide: int) -> nn.Sequential:
    """Returns a block that halves the side: convolution, layer norm over channels and places, LeakyReLU 0.2."""
    return nn.Sequential(
        nn.Conv2d(narrow, wide, 4, 2, 1, bias=False), nn.GroupNorm(1, wide), nn.LeakyReLU(0.2, inplace=True)
    )
