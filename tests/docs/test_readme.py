"""Commands and code in README, docs and CONTRIBUTING are real: commands parse, Python runs, links lead somewhere."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganoscope.cli import parse

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md", *(ROOT / "docs").glob("*.md")]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
COMMANDS = sorted(
    {
        line.split("#")[0].strip()
        for text in TEXTS.values()
        for line in re.findall(r"^ganoscope .*$", text, re.MULTILINE)
    }
    | {span for text in TEXTS.values() for span in re.findall(r"`(ganoscope [a-z]+ [^`]*)`", text)}
)
PLACEHOLDERS = {"METHOD": "dcgan", "COMMAND": ""}


@pytest.mark.parametrize("command", [c for c in COMMANDS if "COMMAND" not in c])
def test_every_command_in_the_docs_is_one_that_ganoscope_takes(command):
    words = [PLACEHOLDERS.get(word, word) for word in shlex.split(command)]
    parse(words[1], words[2:])


def test_python_in_the_readme_runs(tmp_path, tiny_run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FOLDER").mkdir()
    for index in range(12):
        pixels = np.random.default_rng(index).integers(0, 256, (20, 20), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "FOLDER" / f"{index}.png")
    (tmp_path / "run").symlink_to(tiny_run)
    (code,) = re.findall(r"```python\n(.*?)```", TEXTS[ROOT / "README.md"], re.DOTALL)
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["store"].count == 12
    assert not names["run"].generator.training


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_and_pictures_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", TEXTS[page]):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
