"""The real images that copies are looked for of, and what their search finds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.copies.candidate_members import Extent, Views, choose_views
from ganoscope.copies.matches import EXTENTS, Matches, find_matches, join_matches
from ganoscope.copies.member_index import Load, MemberIndex, make_index
from ganoscope.copies.planted import alter
from ganoscope.data.real_images import RealImages
from ganoscope.progress import ProgressBar
from ganoscope.seeds import Stream, stream

Found = dict[Extent, Matches]
"""Matches of images, as a whole and in part."""
PLANTED = 60
"""Copies that are planted to see what share of copies is found."""


@dataclass(frozen=True)
class CopySearch:
    """Real images, ready to be searched.

    Attributes:
        members: The images.
        index: Index of them.
        views: Views in which others are compared with them.
    """

    members: RealImages
    index: MemberIndex
    views: Views

    def find(self, load: Load, positions: NDArray[np.int64], title: str) -> Found:
        """Returns the matches of images, with a progress bar.

        Args:
            load: Loads the images under question, shape (n, H, W).
            positions: Which of them, ascending, shape (n,).
            title: Title of the progress bar.
        """
        blocks = []
        with ProgressBar(title, len(positions)) as bar:
            for block in find_matches(self.index, load, positions, self.views):
                blocks.append(block)
                bar.advance(len(block["whole"].score))
        return {extent: join_matches(blocks, extent) for extent in EXTENTS}

    def match(self, images: NDArray[np.float32]) -> Found:
        """Returns the matches of a few images in network range, shape (n, H, W)."""
        blocks = list(find_matches(self.index, images.__getitem__, np.arange(len(images)), self.views))
        return {extent: join_matches(blocks, extent) for extent in EXTENTS}


def make_copy_search(members: RealImages, count: int) -> CopySearch:
    """Returns the search for copies of real images among `count` others."""
    index = make_index(lambda at: members.store.load_images(members.indices[at])[:, 0], members.groups)
    return CopySearch(members, index, choose_views(index.count * count))


def find_planted(search: CopySearch, seed: int) -> Found:
    """Returns the matches of up to PLANTED altered copies of random images.

    Args:
        search: The real images.
        seed: Seed of the choice and of the alterations, see `planted`.
    """
    originals = np.sort(stream(seed, Stream.PLANTED_COPIES).permutation(search.index.count)[:PLANTED])

    def load(positions: NDArray[np.int64]) -> NDArray[np.float32]:
        pairs = zip(search.index.load(originals[positions]), positions.tolist(), strict=True)
        return np.stack([alter(image, stream(seed, Stream.PLANTED_COPIES, at + 1)) for image, at in pairs])

    return search.find(load, np.arange(len(originals)), "looking for planted copies")
