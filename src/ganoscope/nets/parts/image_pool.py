"""Buffer of earlier generated images, so that a discriminator doesn't forget them."""

import torch
from torch import Tensor, nn


class ImagePool(nn.Module):
    """Keeps earlier generated images. A method lists it among its networks, so that checkpoints keep it.

    Each process keeps its own.

    Source: Shrivastava et al. 2017, sect. 2.3, https://arxiv.org/abs/1612.07828; one image at a time: Zhu et al. 2017,
        sect. 4, https://arxiv.org/abs/1703.10593

    Attributes:
        images: Images kept, shape (capacity, 1, size, size), in [-1, 1].
        seen: Number of images received so far, int64.
    """

    images: Tensor
    seen: Tensor

    def __init__(self, capacity: int, size: int) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(capacity, 1, size, size))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def exchange(self, image: Tensor) -> Tensor:
        """Returns images for the discriminator: each the given one or, half the time, an earlier one in its place.

        While there is room, images are kept and returned unchanged. After that, a replaced image takes the place of the
        earlier one. Random numbers come from torch's generator; there is no wait for a GPU.

        Args:
            image: Generated images in [-1, 1], shape (B, 1, size, size), without their graph.

        Returns:
            Shape (B, 1, size, size). Images of a batch beyond the capacity are returned unchanged.
        """
        capacity, count, device = len(self.images), min(len(image), len(self.images)), image.device
        if not capacity:
            return image
        given = image[:count]
        full = self.seen >= capacity
        free = (self.seen + torch.arange(count, device=device)) % capacity
        places = torch.where(full, torch.randperm(capacity, device=device)[:count], free)
        past = self.images[places]
        swapped = full & (torch.rand(count, 1, 1, 1, device=device) < 0.5)
        self.images[places] = torch.where(swapped | ~full, given, past)
        self.seen += count
        return torch.cat([torch.where(swapped, past, given), image[count:]])
