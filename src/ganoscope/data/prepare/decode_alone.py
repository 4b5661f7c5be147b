"""Decodes entries in a process of their own, and finds the files that end such a process by themselves."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

from ganoscope.data.prepare.decode import Recipe, Result, decode_any, decode_file, refuse_all
from ganoscope.data.prepare.listing import parse
from ganoscope.parallel.one_process import ProcessEndedError, call_alone, iterate_alone

R = TypeVar("R")


def decode_alone(line: str, recipe: Recipe) -> Iterator[Result]:
    """Yields the pictures of an entry that may end the process which reads them; files that do so are put aside.

    Args:
        line: Line of the listing.
        recipe: Decoding settings.
    """
    try:
        yield from iterate_readable(decode_any, line, recipe)
    except ProcessEndedError as error:
        yield refuse_all(parse(line), explain_end(error))


def rescue_entry(line: str, recipe: Recipe) -> Result:
    """Returns the pictures of an entry that may have ended a process.

    Args:
        line: Line of the listing; of an entry that has one result.
        recipe: Decoding settings.
    """
    (result,) = decode_alone(line, recipe)
    return result


def iterate_readable(function: Callable[..., Iterator[R]], line: str, recipe: Recipe) -> Iterator[R]:
    """Yields from function(line, recipe) in a process of its own; without the files of the entry that end it.

    Args:
        function: Generator function that heeds `recipe.fatal`.
        line: Line of the listing.
        recipe: Decoding settings.

    Raises:
        ProcessEndedError: The rest of the entry ends the process.
    """
    begun = False
    try:
        for item in iterate_alone(partial(function, recipe=recipe), line):
            begun = True
            yield item
        return
    except ProcessEndedError:
        fatal = {} if begun or len(parse(line).image.paths) == 1 else find_fatal(line, recipe)
        if not fatal:
            raise
    yield from iterate_alone(partial(function, recipe=replace(recipe, fatal=fatal)), line)


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
