"""Published networks, written a second time as plain functions of the tensors in their files, in float64.

A first pass through a function makes the tensors under the names that torchvision publishes them by; they are saved as
a file, and our network with that file's weights must say what the function says.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from ganoscope.nets.pretrained import load_pretrained

CLASSES = 5


class Tensors:
    """The tensors of a file, made at random when first asked for."""

    def __init__(self, counters=True):
        self.counters = counters
        self.by_name = {}
        self.generator = torch.Generator().manual_seed(0)

    def normal(self, name, shape, std):
        if name not in self.by_name:
            self.by_name[name] = torch.randn(shape, generator=self.generator) * std
        return self.by_name[name].double()

    def near(self, name, value):
        """Half to one and a half times `value`: what runs through many layers neither dies nor grows."""
        if name not in self.by_name:
            self.by_name[name] = (value * (0.5 + torch.rand(value.shape, generator=self.generator))).float()
        return self.by_name[name].double()

    def convolve(self, x, name, wide, kernel, stride=1, groups=1, bias=False):
        fan = x.shape[1] // groups * kernel**2
        weight = self.normal(f"{name}.weight", (wide, x.shape[1] // groups, kernel, kernel), fan**-0.5)
        offset = self.normal(f"{name}.bias", (wide,), 0.1) if bias else None
        return F.conv2d(x, weight, offset, stride, (kernel - 1) // 2, groups=groups)

    def batch_norm(self, x, name):
        mean = self.near(f"{name}.running_mean", x.mean((0, 2, 3)))
        var = self.near(f"{name}.running_var", x.var((0, 2, 3)))
        weight, bias = self.near(f"{name}.weight", torch.ones(x.shape[1])), self.normal(f"{name}.bias", x.shape[1], 0.2)
        if self.counters:
            self.by_name[f"{name}.num_batches_tracked"] = torch.tensor(7)
        return F.batch_norm(x, mean, var, weight, bias, training=False, eps=1e-5)

    def linear(self, x, name):
        weight = self.normal(f"{name}.weight", (CLASSES, x.shape[1]), x.shape[1] ** -0.5)
        return F.linear(x, weight, self.normal(f"{name}.bias", (CLASSES,), 0.1))


def resnet50(t, x):
    x = F.relu(t.batch_norm(t.convolve(x, "conv1", 64, 7, 2), "bn1"))
    x = F.max_pool2d(x, 3, 2, 1)
    for stage, (blocks, width) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)], start=1):
        for block in range(blocks):
            name = f"layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            y = F.relu(t.batch_norm(t.convolve(x, f"{name}.conv1", width, 1), f"{name}.bn1"))
            y = F.relu(t.batch_norm(t.convolve(y, f"{name}.conv2", width, 3, stride), f"{name}.bn2"))
            y = t.batch_norm(t.convolve(y, f"{name}.conv3", 4 * width, 1), f"{name}.bn3")
            if block == 0:
                x = t.convolve(x, f"{name}.downsample.0", 4 * width, 1, stride)
                x = t.batch_norm(x, f"{name}.downsample.1")
            x = F.relu(x + y)
    return x, t.linear(x.mean((2, 3)), "fc")


def densenet121(t, x, point=""):
    x = F.relu(t.batch_norm(t.convolve(x, "features.conv0", 64, 7, 2), "features.norm0"))
    x = F.max_pool2d(x, 3, 2, 1)
    for number, layers in enumerate([6, 12, 24, 16], start=1):
        for layer in range(1, layers + 1):
            name = f"features.denseblock{number}.denselayer{layer}"
            y = t.convolve(F.relu(t.batch_norm(x, f"{name}.norm{point}1")), f"{name}.conv{point}1", 128, 1)
            y = t.convolve(F.relu(t.batch_norm(y, f"{name}.norm{point}2")), f"{name}.conv{point}2", 32, 3)
            x = torch.cat([x, y], 1)
        if number < 4:
            name = f"features.transition{number}"
            x = t.convolve(F.relu(t.batch_norm(x, f"{name}.norm")), f"{name}.conv", x.shape[1] // 2, 1)
            x = F.avg_pool2d(x, 2, 2)
    x = F.relu(t.batch_norm(x, "features.norm5"))
    return x, t.linear(x.mean((2, 3)), "classifier")


def densenet121_as_published(t, x):
    return densenet121(t, x, point=".")


def efficientnet_b1(t, x):
    def unit(x, name, wide, kernel, stride=1, groups=1):
        return t.batch_norm(t.convolve(x, f"{name}.0", wide, kernel, stride, groups), f"{name}.1")

    x = F.silu(unit(x, "features.0", 32, 3, 2))
    widths, repeats, kernels = [16, 24, 40, 80, 112, 192, 320], [1, 2, 2, 3, 3, 4, 1], [3, 3, 5, 3, 5, 5, 3]
    for stage in range(7):
        for block in range(int(np.ceil(1.1 * repeats[stage]))):
            name, parts = f"features.{stage + 1}.{block}.block", iter(range(4))
            y, narrow = x, x.shape[1]
            inner = narrow if stage == 0 else 6 * narrow
            stride = 2 if block == 0 and stage in (1, 2, 3, 5) else 1
            if inner != narrow:
                y = F.silu(unit(y, f"{name}.{next(parts)}", inner, 1))
            y = F.silu(unit(y, f"{name}.{next(parts)}", inner, kernels[stage], stride, inner))
            squeeze = f"{name}.{next(parts)}"
            scale = t.convolve(y.mean((2, 3), keepdim=True), f"{squeeze}.fc1", narrow // 4, 1, bias=True)
            y = y * torch.sigmoid(t.convolve(F.silu(scale), f"{squeeze}.fc2", inner, 1, bias=True))
            y = unit(y, f"{name}.{next(parts)}", widths[stage], 1)
            x = x + y if stride == 1 and narrow == widths[stage] else y
    x = F.silu(unit(x, "features.8", 1280, 1))
    return x, t.linear(x.mean((2, 3)), "classifier.1")


def as_imagenet(image):
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    picture = np.repeat((image.numpy() + 1) / 2, 3, axis=1)
    return torch.from_numpy((picture - mean[:, None, None]) / std[:, None, None])


def as_xrv(image):
    picture = (image.numpy() + 1) / 2 * 255
    return torch.from_numpy((2 * (picture / 255) - 1) * 1024)


def make_images(height, width):
    generator = torch.Generator().manual_seed(height)
    return torch.rand(2, 1, height, width, generator=generator, dtype=torch.float64) * 2 - 1


def check_equal_outputs(original, prepare, network, tensors, head):
    network = network.double().eval()
    network.head.load_state_dict({key: tensors.by_name[f"{head}.{key}"] for key in ("weight", "bias")})
    for size in ((64, 64), (75, 90)):
        image = make_images(*size)
        features, logits = original(tensors, prepare(image))
        with torch.no_grad():
            output, exact = network(image), network.body(prepare(image))
        assert measure_error(exact, features) < 1e-10
        assert measure_error(output.features, features) < 1e-4  # the input module's numbers are float32
        assert measure_error(output.logits, logits) < 1e-4
        assert measure_error(features[:1], features[1:]) > 0.1  # what is compared depends on the picture


def measure_error(found, expected):
    assert found.shape == expected.shape
    return float((found - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize(
    ("original", "head", "parameters", "counters"),
    [
        (resnet50, "fc", 25_557_032, False),
        (densenet121, "classifier", 7_978_856, True),
        (densenet121_as_published, "classifier", 7_978_856, False),
        (efficientnet_b1, "classifier.1", 7_794_184, True),
    ],
)
def test_torchvisions_weights_give_torchvisions_outputs(original, head, parameters, counters, tmp_path):
    tensors, path = Tensors(counters), tmp_path / "weights.pth"
    width = original(tensors, as_imagenet(make_images(64, 64)))[0].shape[1]
    learned = [v for key, v in tensors.by_name.items() if not key.endswith(("mean", "var", "tracked"))]
    # the published networks have 1,000 classes; the number of their parameters is torchvision's own statement
    assert sum(v.numel() for v in learned) == parameters - (1000 - CLASSES) * (width + 1)
    torch.save(tensors.by_name, path)
    network, weights = load_pretrained(original.__name__.removesuffix("_as_published"), CLASSES, path, "imagenet")
    assert weights.trained_on == ("imagenet",)
    check_equal_outputs(original, as_imagenet, network, tensors, head)


def test_torchxrayvisions_weights_give_torchxrayvisions_outputs(tmp_path):
    tensors, path = Tensors(), tmp_path / "weights.safetensors"
    densenet121(tensors, as_xrv(make_images(64, 64)))
    save_file({**tensors.by_name, "op_threshs": torch.full((18,), torch.nan)}, path)
    network, weights = load_pretrained("densenet121", CLASSES, path, "xrv-nih")
    assert weights.trained_on == ("nih", "rsna")
    check_equal_outputs(densenet121, as_xrv, network, tensors, "classifier")
