"""Runs the command line: `python -m ganoscope`, which is what torchrun starts."""

from ganoscope.cli import main

if __name__ == "__main__":
    main()
