"""Reads everything that a source lists into an unfinished store, with several processes that decode."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, groupby

from ganoscope.data.prepare.decode import Recipe, Result, decode_entry, decode_in_parts, holds_many
from ganoscope.data.prepare.ingest import Ingest
from ganoscope.data.prepare.listing import Listing, iterate
from ganoscope.errors import UserError
from ganoscope.parallel import FEW, count_cores, make_chunks, map_in_order
from ganoscope.progress import ProgressBar

BATCH_BYTES, MOST_TOGETHER = 3 << 20, 128
"""Length of the files that travel to a worker together, and their number at most: some 50 to 100 ms of work."""


def read_all(listing: Listing, recipe: Recipe, ingest: Ingest, size: int, workers: int) -> int:
    """Decodes what is listed and not yet taken, and takes it; returns the number of processes.

    Args:
        listing: What the layout found.
        recipe: How to decode it.
        ingest: Takes the decoded pictures in order, from where an earlier process stopped.
        size: Side of the store's images in pixels.
        workers: Processes that decode; 0 for one per core.

    Raises:
        UserError: `workers` is negative, or the pictures do not belong together.
    """
    processes, batch = choose_workers(listing, size, workers)
    lines = iterate(listing.path, ingest.entries)
    with ProgressBar("reading", listing.files, ingest.files) as bar:
        for results in make_chunks(decode_all(lines, recipe, processes, batch), batch):
            for result in results:
                ingest.take(result)
            bar.advance(sum(result.files for result in results))
    return processes


def choose_workers(listing: Listing, size: int, wanted: int) -> tuple[int, int]:
    """Returns (processes that decode, entries that travel together): fewer of large files, and series one by one."""
    if wanted < 0:
        raise UserError(f"--workers must not be negative: got {wanted}; allowed: 1 or more, or 0 for one per core.")
    workers = wanted or (count_cores() if listing.files > FEW else 1)
    series = listing.files > 2 * listing.entries
    fitting = BATCH_BYTES * listing.files // max(1, listing.size)
    return workers, 1 if series else max(1, min(fitting, 2**21 // size**2, MOST_TOGETHER))


def decode_all(lines: Iterable[str], recipe: Recipe, workers: int, batch: int) -> Iterator[Result]:
    """Yields the results in order, decoded by several processes, with few of them waiting at a time."""
    for many, run in groupby(lines, key=holds_many):
        if many:
            yield from chain.from_iterable(decode_in_parts(line, recipe) for line in run)
        else:
            yield from map_in_order(partial(decode_entry, recipe=recipe), run, workers, batch)
