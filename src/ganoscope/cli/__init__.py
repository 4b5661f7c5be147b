"""The command line: one file per command, arguments only.

A command's module provides `Command`, a dataclass whose fields are the arguments and whose `run` calls the verb of the
same name. Only the module of the requested command is imported, so that help is quick.
"""

import difflib
import errno
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from rich.console import Console
from rich.table import Table

from ganoscope.cli._streams import forgive_readers, report_unwritten
from ganoscope.errors import StoppedError, UserError, describe, refuse
from ganoscope.files import escape_unprintable
from ganoscope.parallel.worker import SAFE_PATH
from ganoscope.registry import list_modules, state_module
from ganoscope.signals import Stopped, raise_on_signals

OUTPUT = Console(highlight=False, soft_wrap=True)
ERRORS = Console(stderr=True, highlight=False, soft_wrap=True)
ORDER = (
    "demo",
    "fetch",
    "prepare",
    "phantom",
    "inspect",
    "classify",
    "train",
    "generate",
    "explain",
    "counterfactual",
    "audit",
    "study",
    "bank",
    "report",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command; exits with 0, with 2 after a user's mistake, or with 130, 143, 129 after INT, TERM, HUP.

    `audit` with a policy exits with 1 where it fails, and with 3 where it can't be decided.
    """
    raise_on_signals()
    os.environ[SAFE_PATH] = "1"  # no process that this one starts searches the working directory for modules
    forgive_readers()
    status = execute(sys.argv[1:] if arguments is None else arguments)
    sys.exit(status or report_unwritten())


def execute(arguments: Sequence[str]) -> int:
    """Runs one command and returns the exit status; a user's mistake is reported without a traceback."""
    try:
        return dispatch(arguments)
    except StoppedError as stop:
        ERRORS.print(escape(str(stop)))
        return 128 + stop.number
    except UserError as error:
        ERRORS.print(f"[bold red]error:[/] {escape(str(error))}")
    except KeyboardInterrupt as stop:
        ERRORS.print("interrupted; everything completed before is intact")
        return 128 + (stop.number if isinstance(stop, Stopped) else signal.SIGINT)
    except MemoryError:
        ERRORS.print("[bold red]error:[/] out of memory. Lower --batch-size or --size.")
    except BrokenPipeError:  # the reader of our output has closed it, as `| head` does
        return 0
    except OSError as error:
        ERRORS.print(f"[bold red]error:[/] {escape(explain_system_error(error))}")
    return 2


def dispatch(arguments: Sequence[str]) -> int:
    """Shows the overview, or runs the command named by the first argument.

    Raises:
        UserError: There is no such command, or an argument is no valid text.
    """
    refuse(list_invalid_texts(arguments))
    commands = list_commands()
    if not arguments or arguments[0] in ("-h", "--help"):
        show_overview(commands)
        return 0
    name, *rest = state_own_modules(arguments)
    if name == "--version":
        from importlib.metadata import version

        OUTPUT.print(version("ganoscope"))
        return 0
    if name not in commands:
        close = difflib.get_close_matches(name, commands, 1)
        hint = f"Did you mean {close[0]}?" if close else ""
        raise UserError(f"unknown command: got {name}; allowed: {', '.join(commands)}. {hint}".rstrip())
    command = parse(name, rest)
    return int(command.run() or 0)


def list_invalid_texts(arguments: Sequence[str]) -> list[str]:
    r"""Returns a fault for every argument with bytes that are no UTF-8: neither records nor pages can name it.

    Example:
        >>> len(list_invalid_texts(["prepare", "st\udcff"])), list_invalid_texts(["Schädel"])
        (1, [])
    """
    remedy = "Rename the file or folder, or make a link to it that has another name."
    return [
        describe("an argument is no valid text", escape_unprintable(one), "names in UTF-8", remedy)
        for one in arguments
        if any("\ud800" <= letter <= "\udfff" for letter in one)
    ]


def state_own_modules(arguments: Sequence[str]) -> Sequence[str]:
    """Imports the user's own modules named by `--module NAME` before the command, and returns the other arguments.

    Raises:
        UserError: There is no such module, or nothing follows it.
    """
    while arguments and arguments[0] == "--module":
        if len(arguments) < 3 or "." not in arguments[1]:
            remedy = "Write ganoscope --module your.module COMMAND ..."
            raise UserError(describe("--module needs a dotted name and a command", " ".join(arguments), "both", remedy))
        state_module(arguments[1])
        arguments = arguments[2:]
    return arguments


def parse(name: str, arguments: Sequence[str]) -> Any:
    """Returns the command's dataclass with the arguments as its fields; tyro shows help and refuses unknown options."""
    import tyro

    from ganoscope.cli._help import joined_meanings, wrap_description

    module = import_module(f"{__name__}.{name}")
    kind = module.choose(arguments) if hasattr(module, "choose") else module.Command
    with joined_meanings():
        description = wrap_description(kind.__doc__ or "")
        return tyro.cli(kind, args=arguments, prog=f"ganoscope {name}", description=description)


def list_commands() -> dict[str, str]:
    """Returns the commands in the order in which they are used, each with its one-line description."""
    found = list_modules(sys.modules[__name__])
    return {name: found[name] for name in sorted(found, key=lambda name: (*ORDER, name).index(name))}


def show_overview(commands: dict[str, str]) -> None:
    """Prints all commands."""
    OUTPUT.print("ganoscope trains and explains GANs on medical images.\n")
    OUTPUT.print("usage: ganoscope COMMAND ...        options: ganoscope COMMAND --help")
    OUTPUT.print("with a module of your own: ganoscope --module YOUR.MODULE COMMAND ...\n")
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, line in commands.items():
        table.add_row(f"  {name}", line)
    OUTPUT.print(table)
    OUTPUT.print("\nFor research only: not a medical device, not for clinical use.")


def explain_system_error(error: OSError) -> str:
    """Returns what the operating system refused, with a remedy."""
    place = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full{place}; everything completed before is intact. Free some space and rerun the command."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission{place}: {os.strerror(error.errno)}. Choose another folder, or change its permissions."
    return f"the operating system refused{place}: {error}"


def escape(text: str) -> str:
    """Returns the text with rich's markup switched off."""
    return text.replace("[", r"\[")
