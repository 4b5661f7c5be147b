"""Help texts exist, name every option, and agree with the README's table."""

import re
from pathlib import Path

import pytest

from ganoscope.cli import execute, list_commands

ROOT = Path(__file__).parents[2]
COMMANDS = list_commands()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_that_explains_every_option(command, capsys):
    with pytest.raises(SystemExit) as ended:
        execute([command, "--help"])
    assert ended.value.code == 0
    text = re.sub(r"[│╭╰─╮╯\s]+", " ", capsys.readouterr().out)
    assert COMMANDS[command]
    assert "usage: ganoscope" in text
    options = re.findall(r"(--[a-z][a-z-]*)(?: \S+)? (\S+ \S+)", text)
    assert all(not words.startswith("(default") for _, words in options), options


def test_training_help_lists_the_methods_own_options(capsys):
    with pytest.raises(SystemExit):
        execute(["train", "dcgan", "--help"])
    assert "--label-smoothing" in capsys.readouterr().out


def test_the_readme_lists_exactly_the_commands_there_are():
    table = re.findall(r"^\| `ganoscope ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert table == list(COMMANDS)


def test_the_overview_lists_every_command(capsys):
    assert execute([]) == 0
    text = capsys.readouterr().out
    assert all(f"  {command} " in text for command in COMMANDS)


def test_a_mistyped_command_is_answered_with_the_nearest(capsys):
    assert execute(["generat"]) == 2
    assert "Did you mean generate?" in capsys.readouterr().err


def test_the_makefile_has_the_commands_that_the_readme_promises():
    readme, makefile = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile"))
    for target in ("demo", "test"):
        assert f"make {target}" in readme
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("command", [[name] for name in COMMANDS] + [["train", "dcgan"], ["train", "cyclegan"]])
def test_help_fits_a_terminal_of_80_columns(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        execute([*command, "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line.rstrip()) > 80 and not line.startswith("usage:")] == []


def test_an_options_meaning_breaks_where_the_terminal_ends_alone(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit):
        execute(["train", "dcgan", "--help"])
    assert "Above 1, every phase draws its own noise." in capsys.readouterr().out
