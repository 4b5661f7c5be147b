import os
import sys
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ganoscope.errors import UserError
from ganoscope.files import compute_sha256
from ganoscope.nets.classifiers import ClassifierOutput
from ganoscope.nets.pretrained import freeze_body, get_input_kind, load_pretrained, make_network
from ganoscope.nets.pretrained.published import PUBLISHED, make_shapes
from ganoscope.nets.pretrained.sources import SOURCES

HEADS = {"resnet50": "fc", "densenet121": "classifier", "efficientnet_b1": "classifier.1"}
FIRST = {name: publication.first for name, publication in PUBLISHED.items()}


@pytest.fixture(scope="module")
def shapes():
    return {name: make_shapes(name) for name in PUBLISHED}


def make_tensors(shapes, name, channels=3):
    """Tensors with a published file's names and shapes; each of a single number in memory."""
    tensors = {key: torch.ones(1).expand(shape) for key, shape in shapes[name].items()}
    tensors[FIRST[name]] = torch.ones(1).expand(tensors[FIRST[name]].shape[0], channels, *shapes[name][FIRST[name]][2:])
    width = {"resnet50": 2048, "densenet121": 1024, "efficientnet_b1": 1280}[name]
    tensors[f"{HEADS[name]}.weight"] = torch.ones(1).expand(1000, width)
    return tensors


def save(tensors, path):
    torch.save(tensors, path)
    return path


def refuse(network, path, source="imagenet"):
    with pytest.raises(UserError) as caught:
        load_pretrained(network, 2, path, source)
    return str(caught.value)


@pytest.mark.parametrize(("source", "channels"), [("imagenet", 3), ("xrv-rsna", 1)])
def test_the_record_says_what_the_file_is_and_what_it_has_seen(shapes, tmp_path, source, channels):
    path = save(make_tensors(shapes, "densenet121", channels), tmp_path / "w.pt")
    network, weights = load_pretrained("densenet121", 2, path, source)
    assert (weights.source, weights.sha256) == (source, compute_sha256(path))
    assert weights.trained_on == {"imagenet": ("imagenet",), "xrv-rsna": ("nih", "rsna")}[source]
    assert network.head.out_features == 2


def test_weights_that_have_seen_rsna_or_nih_have_seen_both():
    seen = {name for name, source in SOURCES.items() if {"nih", "rsna"} & set(source.trained_on)}
    assert seen == {name for name, source in SOURCES.items() if {"nih", "rsna"} <= set(source.trained_on)}
    assert seen == {"xrv-all", "xrv-nih", "xrv-rsna"}
    single = {name for source in SOURCES if source.startswith("xrv-") for name in SOURCES[source].trained_on}
    assert single == set(SOURCES["xrv-all"].trained_on)


def test_a_saved_network_comes_back_in_modules_made_without_the_file(shapes, tmp_path):
    path = save({key: 0.01 * value for key, value in make_tensors(shapes, "resnet50").items()}, tmp_path / "w.pth")
    network, weights = load_pretrained("resnet50", 2, path, "imagenet")
    save_file(network.state_dict(), tmp_path / "classifier.safetensors")
    other = make_network("resnet50", 2, get_input_kind(weights.source))
    other.input.scale.zero_()
    other.load_state_dict(load_file(tmp_path / "classifier.safetensors"))
    image = torch.rand(2, 1, 32, 32) * 2 - 1
    with torch.no_grad():
        expected = network.eval()(image).logits
        assert expected.isfinite().all()
        assert torch.equal(expected, other.eval()(image).logits)


@pytest.mark.parametrize(("kind", "low", "high"), [("xrv", [-1024.0], [1024.0]), ("grey", [-1.0], [1.0])])
def test_the_input_module_maps_the_ends_of_the_range(kind, low, high):
    module = make_network("small_cnn", 2, kind).input
    ends = module(torch.tensor([-1.0, 1.0]).reshape(2, 1, 1, 1))
    assert ends.flatten(1).tolist() == [low, high]


def test_the_imagenet_input_is_the_repeated_normalised_picture():
    module = make_network("small_cnn", 2, "imagenet").input
    ends = module(torch.tensor([-1.0, 1.0]).reshape(2, 1, 1, 1)).flatten(1)
    black, white = [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225], [0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225]
    assert torch.allclose(ends, torch.tensor([black, white]))


def test_an_unknown_input_kind_is_refused():
    with pytest.raises(UserError, match="got rgb; allowed: grey, imagenet, xrv"):
        make_network("small_cnn", 2, "rgb")


def test_the_gradient_reaches_the_image_through_a_frozen_network():
    network = make_network("small_cnn", 2, "imagenet").eval().requires_grad_(False)
    image = torch.zeros(1, 1, 32, 32, requires_grad=True)
    network(image).logits[0, 0].backward()
    assert image.grad.abs().sum() > 0


def test_a_frozen_body_keeps_evaluation_mode_until_it_learns_again():
    network = make_network("small_cnn", 2, "grey").train()
    freeze_body(network)
    assert (network.body.training, network.dropout.training) == (False, True)
    assert [key for key, value in network.named_parameters() if value.requires_grad] == ["head.weight", "head.bias"]
    network.eval()
    freeze_body(network)
    assert not network.dropout.training
    network.requires_grad_(True).train()
    assert network.body.training


def test_a_network_of_another_frame_is_not_frozen_halfway():
    class Other(nn.Module):
        def forward(self, image):
            return ClassifierOutput(image.mean((2, 3)), image)

    with pytest.raises(UserError, match="got Other; allowed: a PooledClassifier"):
        freeze_body(Other())


def test_the_network_has_as_many_parameters_as_published():
    count = sum(parameter.numel() for parameter in make_network("resnet50", 1000, "imagenet").parameters())
    assert count == 25_557_032


@pytest.mark.parametrize("given", HEADS)
@pytest.mark.parametrize("asked", HEADS)
def test_a_file_of_another_architecture_is_named(shapes, tmp_path, given, asked):
    if given == asked:
        return
    message = refuse(asked, save(make_tensors(shapes, given), tmp_path / "w.pth"))
    assert f"does not fit {asked}" in message
    assert f"{len(shapes[asked])} missing (" in message
    assert f"It looks like {given}: it has {len(shapes[given])} of the {len(shapes[given])} tensors" in message
    assert f"Choose --network {given}" in message


def test_a_deeper_network_of_the_same_family_is_not_taken(shapes, tmp_path):
    tensors = make_tensors(shapes, "resnet50")
    for block in range(6, 23):
        for key in [key for key in tensors if key.startswith("layer3.1.")]:
            tensors[key.replace("layer3.1.", f"layer3.{block}.")] = tensors[key]
    message = refuse("resnet50", save(tensors, tmp_path / "resnet101.pth"))
    assert "255 unexpected (layer3.6.conv1.weight, " in message
    assert "most like resnet50, with 265 of the 265 tensors" in message


def test_tensors_of_something_else_are_like_no_network(tmp_path):
    path = save({"encoder.weight": torch.zeros(3)}, tmp_path / "w.pth")
    message = refuse("resnet50", path)
    assert "1 unexpected (encoder.weight)" in message
    assert "It resembles none of them; known are densenet121, efficientnet_b1, resnet50" in message


def test_missing_unexpected_and_misshapen_tensors_are_counted_and_named_together(shapes, tmp_path):
    tensors = make_tensors(shapes, "resnet50")
    del tensors["layer1.0.conv1.weight"], tensors["bn1.bias"]
    tensors["extra.weight"] = torch.zeros(2)
    tensors["bn1.weight"] = torch.zeros(3)
    message = refuse("resnet50", save(tensors, tmp_path / "w.pth"))
    assert "2 missing (bn1.bias, layer1.0.conv1.weight)" in message
    assert "1 unexpected (extra.weight)" in message
    assert "1 of another shape (bn1.weight 3 for 64)" in message
    assert "It looks like resnet50: it has 262 of the 265 tensors of resnet50. Copy or download it again." in message


def test_a_first_layer_of_another_shape_than_its_channels_is_another_shape(shapes, tmp_path):
    tensors = make_tensors(shapes, "resnet50") | {"conv1.weight": torch.zeros(64, 3, 3, 3)}
    assert "conv1.weight 64 x 3 x 3 x 3 for 64 x 3 x 7 x 7" in refuse("resnet50", save(tensors, tmp_path / "w.pth"))


@pytest.mark.parametrize(("source", "channels", "wanted"), [("imagenet", 1, 3), ("xrv-all", 3, 1)])
def test_a_file_of_another_source_is_refused(shapes, tmp_path, source, channels, wanted):
    path = save(make_tensors(shapes, "densenet121", channels), tmp_path / "w.pth")
    message = refuse("densenet121", path, source)
    assert f"not of source {source}: got a first layer for {channels} channels; allowed: {wanted}" in message


@pytest.mark.parametrize("bad", [torch.full((64,), torch.nan), torch.ones(64, dtype=torch.int8)], ids=["nan", "int8"])
def test_weights_that_are_no_finite_numbers_are_refused(shapes, tmp_path, bad):
    tensors = make_tensors(shapes, "resnet50") | {"bn1.running_var": bad}
    assert "got 1 bad (bn1.running_var)" in refuse("resnet50", save(tensors, tmp_path / "w.pth"))


def test_names_and_path_are_checked_together(tmp_path):
    message = refuse("small_cnn", tmp_path / "none.pth", "pneumonia")
    assert "no pretrained weights fit the network: got small_cnn; allowed: densenet121, " in message
    assert "unknown source of weights: got pneumonia; allowed: imagenet, xrv-all, " in message
    assert "none.pth, which does not exist" in message
    assert "got resnet50; allowed: densenet121" in refuse("resnet50", tmp_path, "xrv-nih")
    assert "a folder" in refuse("resnet50", tmp_path)


def test_a_source_that_is_not_stated_is_refused(tmp_path):
    message = refuse("resnet50", tmp_path, "")
    assert "source of the weights is not stated: got nothing; allowed: imagenet, xrv-all" in message
    assert "--weights-source" in message
    with pytest.raises(UserError, match="not stated"):
        get_input_kind("")


@pytest.mark.parametrize("ending", ["pth", "pt", "safetensors"])
@pytest.mark.parametrize("content", [b"", b"some text\n" * 99, bytes(300), b"PK\x03\x04" + bytes(99), b"\x80\x02}q"])
def test_bytes_that_are_no_weights_are_refused(tmp_path, content, ending):
    path = tmp_path / f"w.{ending}"
    path.write_bytes(content)
    message = refuse("resnet50", path)
    assert f"({len(content):,} bytes; " in message
    assert "allowed: a state dict" in message
    assert "weights_only" not in message


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.999])
@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_a_truncated_file_is_refused(tmp_path, form, keep):
    path = tmp_path / ("w.safetensors" if form == "safetensors" else "w.pth")
    tensors = {f"layer{i}": torch.randn(50) for i in range(9)}
    if form == "safetensors":
        save_file(tensors, path)
    else:
        torch.save(tensors, path, _use_new_zipfile_serialization=form == "zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    assert "damaged, truncated or not a weights file" in refuse("resnet50", path)


def test_another_ending_is_refused(tmp_path):
    path = tmp_path / "w.h5"
    path.touch()
    assert "unknown suffix" in refuse("resnet50", path)


def test_a_training_checkpoint_is_refused_with_what_it_holds(tmp_path):
    path = save({"state_dict": {"a": torch.zeros(1)}, "epoch": 3}, tmp_path / "w.pth")
    message = refuse("resnet50", path)
    assert "contains other things: state_dict, epoch; allowed: a state dict" in message
    assert "contains a list" in refuse("resnet50", save([1], tmp_path / "w.pth"))


class RunsCode:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_with_code_in_it_runs_nothing(tmp_path, zipped):
    torch.save(RunsCode(str(tmp_path / "ran")), tmp_path / "w.pth", _use_new_zipfile_serialization=zipped)
    assert "could run code" in refuse("resnet50", tmp_path / "w.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.filterwarnings("ignore")  # TorchScript is deprecated
def test_a_torchscript_file_is_refused(tmp_path):
    torch.jit.save(torch.jit.script(nn.ReLU()), tmp_path / "w.pt")
    message = refuse("resnet50", tmp_path / "w.pt")
    assert "which asks for TorchScript; allowed: a state dict" in message
    assert 'save_file(model.state_dict(), "imagenet.safetensors")' in message


def test_the_remedy_for_torchxrayvisions_pickled_network_makes_a_file_that_fits(shapes, tmp_path, monkeypatch):
    torch.save(nn.Sequential(nn.ReLU()), tmp_path / "nih-densenet121-best.pt")
    message = refuse("densenet121", tmp_path / "nih-densenet121-best.pt", "xrv-nih")
    assert "which asks for torch.nn.modules.container.Sequential; allowed: a state dict" in message
    assert message.count("\n") == 2

    tensors = {key: value.clone() for key, value in make_tensors(shapes, "densenet121", 1).items()}
    tensors["op_threshs"] = torch.full((18,), torch.nan)
    asked = []
    package = SimpleNamespace(models=SimpleNamespace(DenseNet=lambda weights: asked.append(weights) or published))
    published = SimpleNamespace(state_dict=lambda: tensors)
    monkeypatch.setitem(sys.modules, "torchxrayvision", package)
    monkeypatch.chdir(tmp_path)
    exec("\n".join(line.strip() for line in message.splitlines()[1:]))
    assert asked == ["densenet121-res224-nih"]
    _, weights = load_pretrained("densenet121", 2, tmp_path / "xrv-nih.safetensors", "xrv-nih")
    assert weights.trained_on == ("nih", "rsna")
