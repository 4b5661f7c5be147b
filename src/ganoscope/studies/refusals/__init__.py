"""What a study is refused for before it is frozen: unfit runs, stores and generators, and designs that can't decide."""
