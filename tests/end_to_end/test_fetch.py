"""`ganoscope fetch` as a user types it, with a client that needs no network."""

from tests.fixtures.archives import make_zip

from ganoscope.cli import execute


def test_the_command_shows_licence_first_and_the_next_step_last(kaggle, tmp_path, capsys):
    kaggle(make_zip({"a.png": b"a"}))
    assert execute(["fetch", "paediatric-cxr", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().err
    assert text.index("licence: CC BY 4.0") < text.index("downloading") < text.index("next: ganoscope prepare")
    kaggle(download=ConnectionError())
    assert execute(["fetch", "brain-mri", str(tmp_path / "other")]) == 2
    assert "By hand" in capsys.readouterr().err


def test_an_unknown_data_set_is_answered_with_those_known(tmp_path, capsys):
    assert execute(["fetch", "mnist", str(tmp_path / "out")]) == 2
    assert "allowed: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
