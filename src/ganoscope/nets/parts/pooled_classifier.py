"""Common structure of the classifiers: input, body, mean over the map, dropout, linear head."""

from typing import Self

from torch import Tensor, nn

from ganoscope.nets.classifiers import ClassifierOutput


class PooledClassifier(nn.Module):
    """Turns images (B, channels, H, W) into a `ClassifierOutput`: logits = head(mean of the features over the map).

    Attributes:
        input: Converts images to the body's input; the identity unless `nets.pretrained` replaces it.
        body: All layers up to the last feature map. While all its parameters are frozen it stays in evaluation mode,
            so that `train()` neither updates the running statistics of its batch norms nor enables its dropout.
        dropout: Dropout of the pooled features.
        head: Linear layer from the channels of the last feature map to the classes.
    """

    def __init__(self, body: nn.Module, width: int, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.input: nn.Module = nn.Identity()
        self.body = body
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, classes)

    def forward(self, image: Tensor) -> ClassifierOutput:
        """Returns logits (B, K) and the last feature map (B, width, h, w); sides of 32 or more."""
        features = self.body(self.input(image))
        return ClassifierOutput(self.head(self.dropout(features.mean(dim=(2, 3)))), features)

    def train(self, mode: bool = True) -> Self:
        """Sets training or evaluation mode; a frozen body stays in evaluation mode."""
        super().train(mode)
        if not any(parameter.requires_grad for parameter in self.body.parameters()):
            self.body.eval()
        return self
