"""Decodes an entry that was under way when a process ended, and finds the file that ends a process by itself."""

from dataclasses import replace
from functools import partial

from ganoscope.data.prepare.decode import Recipe, Result, decode_entry, decode_file, refuse_all
from ganoscope.data.prepare.listing import parse
from ganoscope.parallel import ProcessEndedError, call_alone


def decode_alone(line: str, recipe: Recipe) -> Result:
    """Returns the pictures of an entry that may have ended a process; a file of it that does so again is put aside.

    Args:
        line: Line of the listing.
        recipe: Decoding settings.
    """
    try:
        return call_alone(partial(decode_entry, recipe=recipe), line)
    except ProcessEndedError as error:
        reason = explain_end(error)
    entry = parse(line)
    fatal = find_fatal(line, recipe) if len(entry.image.paths) > 1 else {}
    if not fatal:
        return refuse_all(entry, reason)
    try:
        return call_alone(partial(decode_entry, recipe=replace(recipe, fatal=fatal)), line)
    except ProcessEndedError as error:
        return refuse_all(entry, explain_end(error))


def find_fatal(line: str, recipe: Recipe) -> dict[int, str]:
    """Returns the files of an entry that end a process which reads them, by number, each with the reason."""
    entry, fatal = parse(line), {}
    for index in range(len(entry.image.paths)):
        try:
            call_alone(partial(probe_file, index=index, recipe=recipe), line)
        except ProcessEndedError as error:
            fatal[entry.number + index] = explain_end(error)
    return fatal


def probe_file(line: str, index: int, recipe: Recipe) -> None:
    """Decodes one file of an entry for no result: it may end this process.

    Args:
        line: Line of the listing.
        index: Index of the file in the entry.
        recipe: Decoding settings.
    """
    entry = parse(line)
    for _ in decode_file(entry.number + index, entry.image.paths[index], entry.image, recipe):
        pass


def explain_end(error: ProcessEndedError) -> str:
    """Returns the reason to put a file aside that ended the process which read it."""
    return f"reading it ended the process ({error})"
