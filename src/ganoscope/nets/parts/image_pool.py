"""History of generated images, so that a discriminator doesn't forget what the generator did before."""

import torch
from torch import Tensor, nn


class ImagePool(nn.Module):
    """Keeps generated images of the past; it belongs among a method's networks, so that checkpoints keep it.

    Each process of several keeps its own.

    Source: Shrivastava et al. 2017, sect. 2.3, https://arxiv.org/abs/1612.07828; one image at a time: Zhu et al. 2017,
        sect. 4, https://arxiv.org/abs/1703.10593

    Attributes:
        images: What is kept, shape (capacity, 1, size, size).
        seen: Number of images that were given so far, int64.
    """

    images: Tensor
    seen: Tensor

    def __init__(self, capacity: int, size: int) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(capacity, 1, size, size))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def exchange(self, image: Tensor) -> Tensor:
        """Returns images for the discriminator: each the one given or, half the time, one of the past in its place.

        As long as there is room, images come back as they are, and are kept. From then on, an image that is held back
        takes the place of the past one. Random numbers come from torch's generator; a GPU is not waited for.

        Args:
            image: Generated images, shape (B, 1, size, size), without their graph.

        Returns:
            Shape (B, 1, size, size). Beyond the capacity, images of one batch come back as they are.
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
