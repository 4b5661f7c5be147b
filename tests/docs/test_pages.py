"""Commands and code on every page are real: commands parse, Python names exist, links lead somewhere."""

import ast
import dataclasses
import inspect
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

import ganoscope
from ganoscope import methods
from ganoscope.cli import list_commands, parse

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "benchmarks").glob("*.md"), *DOCS.rglob("*.md")]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
PLACEHOLDERS = {"METHOD": "dcgan", "NAME": "brain-mri"}
VERBS = [name for name in ganoscope.__all__ if name in list_commands()]


def name_page(page):
    return str(page.relative_to(ROOT))


def find_commands():
    blocks = [
        block for text in TEXTS.values() for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    ]
    lines = {line for block in blocks for line in block.splitlines() if line.startswith("ganoscope ")}
    spans = {span for text in TEXTS.values() for span in re.findall(r"`(ganoscope [a-z]+ [^`]*)`", text)}
    return sorted(command for line in lines | spans if "--help" not in (command := line.split("#")[0].strip()))


def find_blocks(language):
    return [
        pytest.param(page, block, id=f"{name_page(page)}-{number}")
        for page, text in TEXTS.items()
        for number, block in enumerate(re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    ]


@pytest.mark.parametrize("command", find_commands())
def test_every_command_on_a_page_is_one_that_ganoscope_takes(command):
    words = [PLACEHOLDERS.get(word, word) for word in shlex.split(command)]
    parse(words[1], words[2:])


@pytest.mark.parametrize(("page", "block"), find_blocks("sh"))
def test_shell_blocks_hold_commands_that_exist(page, block):
    allowed = ("ganoscope ", "make ", "pip install ", "python benchmarks/", ".ci/run")
    assert all(line.startswith(allowed) for line in block.splitlines() if line), page
    for target in re.findall(r"^make ([a-z-]+)", block, re.MULTILINE):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("page", "block"), find_blocks("python"))
def test_python_on_a_page_uses_only_what_there_is(page, block):
    tree = ast.parse(block)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = import_module(str(node.module))
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == [], page
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "ganoscope":
            assert node.attr in ganoscope.__all__, page
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("ganoscope."):
            check_call(node)


def check_call(call):
    """Binds a call's arguments to the real signature; those of a configuration are its fields."""
    function = getattr(ganoscope, ast.unparse(call.func).removeprefix("ganoscope."))
    keywords = {str(keyword.arg): keyword.value for keyword in call.keywords}
    inspect.signature(function).bind(*call.args, **keywords)
    if dataclasses.is_dataclass(function):
        assert set(keywords) <= {field.name for field in dataclasses.fields(function)}


@pytest.mark.slow
def test_the_python_of_the_readme_runs(tmp_path, make_source, smooth, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_source({f"{index}.png": smooth(index) for index in range(60)}, "FOLDER")
    (code,) = re.findall(r"```python\n(.*?)```", TEXTS[ROOT / "README.md"], re.DOTALL)
    for promised, quick in (("80_000", "64"), ("size=64", "size=32"), ("number=500", "number=8")):
        assert promised in code
        code = code.replace(promised, quick)
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["images"].shape == (16, 32, 32)
    assert names["page"] == Path("run/report.html")
    assert names["page"].stat().st_size > 10_000


@pytest.mark.parametrize("page", PAGES, ids=name_page)
def test_links_between_pages_and_pictures_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)", TEXTS[page]):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("command", list_commands())
def test_every_command_has_a_page_of_its_name(command):
    text = TEXTS[DOCS / "verbs" / f"{command}.md"]
    assert text.startswith(f"# {command}\n")
    assert re.search(rf"^ganoscope {command}\b", text, re.MULTILINE)
    assert f"ganoscope.{command}(" in text
    parts = re.findall(r"^## (\w+)$", text, re.MULTILINE)
    assert [part for part in parts if part in STANDARD] == STANDARD
    assert f"<!-- options: {command} -->" in text


STANDARD = ["Reads", "Writes", "Refuses", "Alarms", "Resuming", "Options"]


def test_every_verb_is_a_public_name_with_a_configuration():
    assert set(VERBS) == set(list_commands())
    assert [verb for verb in VERBS if f"{verb.capitalize()}Config" not in ganoscope.__all__] == []


def test_every_method_is_described():
    sections = re.findall(r"^## (\w+)$", TEXTS[DOCS / "methods.md"], re.MULTILINE)
    assert [name for name in methods.available() if name not in sections] == []
    assert [name for name in methods.available() if f"<!-- method: {name} -->" not in TEXTS[DOCS / "methods.md"]] == []


def test_the_navigation_lists_every_page():
    listed = re.findall(r"^ +- .*: ([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))


def test_every_room_of_the_house_is_in_the_reference():
    rooms = {file.parent.name for file in (ROOT / "src" / "ganoscope").glob("*/__init__.py")} - {"cli"}
    assert rooms <= {page.stem for page in (DOCS / "api").glob("*.md")}


def test_words_that_have_to_be_decoded_do_not_come_back():
    banned = r"\b(convinces?|convinced|goes on where|is none\b.*\bmethod|what it holds to|a call that was)\b"
    found = [(name_page(page), hit) for page, text in TEXTS.items() for hit in re.findall(banned, text, re.IGNORECASE)]
    assert [one for one in found if one[0] != "docs/changelog.md"] == []
