"""Spectral norm: weights divided by their largest singular value."""

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, nn.Embedding)


def add_spectral_norm(network: nn.Module) -> None:
    r"""Permanently divides the weight of every convolution, linear layer and embedding by its largest singular value.

    .. math:: \bar W = W / \sigma(W)

    so that, in the Euclidean norm, the output of each layer changes no more than its input. One power iteration per
    forward pass in training mode keeps the estimate of sigma up to date; evaluation mode does not update it.

    Source: Miyato et al. 2018, algorithm 1, https://arxiv.org/abs/1802.05957; PyTorch's own parametrisation.

    Example:
        >>> import torch
        >>> layer = nn.Linear(3, 2)
        >>> add_spectral_norm(layer)
        >>> round(torch.linalg.matrix_norm(layer.weight, 2).item(), 2)
        1.0
    """
    for module in list(network.modules()):
        if isinstance(module, LAYERS):
            spectral_norm(module)
