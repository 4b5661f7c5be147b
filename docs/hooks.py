"""What the site takes from the code when it is built: option tables, public names, the README as home page.

mkdocs calls `on_page_markdown`. A page asks for a table by a line of its own, such as `<!-- options: prepare -->`.
"""

import ast
import dataclasses
import inspect
import re
import textwrap
import typing
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import ganoscope
from ganoscope.registry import list_modules

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "ganoscope"
MARKER = re.compile(
    r"^<!-- (options|method|presets|questions|layouts|readers|writers|public names|root modules)(?:: (\w+))? -->$",
    re.MULTILINE,
)
MODULE_OPTIONS = "    options:\n      heading_level: 2\n      show_root_heading: true\n      show_submodules: false\n"


@dataclasses.dataclass(frozen=True)
class Option:
    """One line of an option table.

    Attributes:
        option: As it is typed on the command line, such as `--size INT`.
        field: Name of the field of the Python configuration; "" for an argument of the command alone.
        default: Its default, as Python writes it; "" where it has to be given.
        meaning: What the field's docstring says.
    """

    option: str
    field: str
    default: str
    meaning: str


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Returns a page's text with its markers replaced; the home page is the README."""
    if page.file.src_uri.startswith("api/"):
        page.meta["search"] = {"boost": 0.3}  # pages for users come first
    if page.file.src_uri == "index.md":
        return read_readme()
    return MARKER.sub(lambda found: write_part(found[1], found[2]), markdown)


def read_readme() -> str:
    """Returns the README with its links as they are seen from `docs/`."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("](docs/", "](")
    return text.replace("](CONTRIBUTING.md)", "](contributing.md)").replace("](CHANGELOG.md)", "](changelog.md)")


def write_part(kind: str, name: str | None) -> str:
    """Returns the text that stands in for a marker."""
    if kind == "public names":
        return "\n".join(write_public_name(name) for name in ganoscope.__all__)
    if kind == "root modules":
        modules = sorted(file.stem for file in SOURCE.glob("[!_]*.py"))
        return "\n".join(f"::: ganoscope.{module}\n{MODULE_OPTIONS}" for module in modules)
    if kind == "presets":
        return write_presets()
    if kind == "questions":
        return write_questions()
    if kind in ("layouts", "readers", "writers"):
        return write_registry(kind)
    if kind == "method":
        return write_table(list(list_options(import_module(f"ganoscope.methods.{name}").Config)))
    module = import_module(f"ganoscope.cli.{name}")
    return write_table(list(list_options(getattr(module, "Train", None) or module.Command, command=True)))


def write_registry(kind: str) -> str:
    """Returns a Markdown table of layouts, readers or writers: from their files, like the help of the commands.

    Args:
        kind: Folder below `ganoscope.data`, whose files are the registry.
    """
    columns = {"layouts": ("--layout",), "readers": ("files",), "writers": ("--format", "files")}[kind]
    lines = ["| " + " | ".join((*columns, "what it is")) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, about in list_modules(import_module(f"ganoscope.data.{kind}")).items():
        module = import_module(f"ganoscope.data.{kind}.{name}")
        endings = module.SUFFIXES if kind == "readers" else (getattr(module, "SUFFIX", ""),)
        cells = {"files": ", ".join(map(quote, endings))}
        row = [*(cells.get(column, quote(name)) for column in columns), about.removeprefix("Reads ")]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return "\n".join(lines)


def write_presets() -> str:
    """Returns a Markdown table of the presets."""
    from ganoscope.presets import LIST

    lines = ["| preset | method | for |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| `{one.name}` | `{one.method}` | {one.about} |" for one in LIST)])


def write_questions() -> str:
    """Returns a Markdown table of the questions of an audit."""
    from ganoscope.audits.questions import list_questions

    lines = ["| name | question | by |", "|---|---|---|"]
    about = list_modules(import_module("ganoscope.audits.questions"))
    return "\n".join(
        [*lines, *(f"| `{name}` | {one.QUESTION} | {about[name]} |" for name, one in list_questions().items())]
    )


def write_public_name(name: str) -> str:
    """Returns the reference of one public name, under the name by which a user imports it."""
    options = f'{MODULE_OPTIONS}      heading: "ganoscope.{name}"\n      skip_local_inventory: true\n'
    return f"::: ganoscope.{ganoscope._HOME_OF_NAME[name]}.{name}\n{options}"


def write_table(options: list[Option]) -> str:
    """Returns a Markdown table of options."""
    lines = ["| option | Python | default | meaning |", "|---|---|---|---|"]
    for one in options:
        cells = [quote(one.option), quote(one.field), quote(one.default), one.meaning]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def quote(code: str) -> str:
    """Returns text as Markdown code."""
    return f"`{code}`" if code else ""


def list_options(kind: type, command: bool = False) -> Iterator[Option]:
    """Yields the options of a dataclass, and of the configurations inside it.

    Args:
        kind: Dataclass of a command, or a configuration.
        command: Whether it is a command, whose own fields are no fields of the configuration.
    """
    hints = typing.get_type_hints(kind, include_extras=True)
    meanings = read_meanings(kind)
    for field in dataclasses.fields(kind):
        plain, notes = split_annotation(hints[field.name])
        if plain is Any:
            continue  # a method's own options: filled in when the command is called
        if dataclasses.is_dataclass(plain):
            yield from list_options(typing.cast(type, plain))
            continue
        named = {key: value for note in notes for key in ("name", "metavar") if (value := getattr(note, key, None))}
        positional = "metavar" in named
        name = named.get("metavar") if positional else named.get("name", field.name).replace("_", "-")
        option = str(name) if positional else f"--{name} {write_kind(plain)}".rstrip()
        default = "" if field.default is dataclasses.MISSING else write_default(field.default)
        yield Option(option, "" if command else field.name, default, meanings.get(field.name, ""))


def split_annotation(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Returns a type without its notes, and the notes."""
    if typing.get_origin(hint) is typing.Annotated:
        plain, *notes = typing.get_args(hint)
        return plain, tuple(notes)
    return hint, ()


def write_kind(kind: Any) -> str:
    """Returns what is typed after an option: the choices, a placeholder, or nothing for a switch."""
    if kind is bool:
        return ""
    arguments = [one for one in typing.get_args(kind) if one is not type(None)]
    if typing.get_origin(kind) is typing.Literal:
        return "{" + ",".join(map(str, arguments)) + "}"
    if typing.get_origin(kind) is tuple:
        return " ".join(write_kind(one) for one in arguments if one is not Ellipsis)
    return write_kind(arguments[0]) if arguments else kind.__name__.upper()


def write_default(value: Any) -> str:
    """Returns a default as it is typed; "" for None and for empty text."""
    return "" if value is None or value == "" else str(value)


def read_meanings(kind: type) -> dict[str, str]:
    """Returns the docstrings of a dataclass's fields, inherited ones included."""
    found: dict[str, str] = {}
    for parent in reversed(kind.__mro__[:-1]):
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(parent))).body
        assert isinstance(node, ast.ClassDef)
        for first, second in zip(node.body, node.body[1:], strict=False):
            if isinstance(first, ast.AnnAssign) and isinstance(second, ast.Expr):
                text = ast.literal_eval(second.value)
                found[ast.unparse(first.target)] = " ".join(text.split())
    return found
