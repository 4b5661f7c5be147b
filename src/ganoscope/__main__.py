"""Runs the command line: `python -m ganoscope`, which is what torchrun starts.

Python then searches the working directory first, which may be a folder of data: it is taken off the path before
anything else is imported.
"""

import os
import sys

STATED_PATHS = [os.path.realpath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
HOME = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120 - before pathlib is imported
if os.getcwd() not in [*STATED_PATHS, HOME]:  # noqa: PTH109
    sys.path[:] = [path for path in sys.path if path and os.path.realpath(path) != os.getcwd()]  # noqa: PTH109

from ganoscope.cli import main  # noqa: E402 - not before

if __name__ == "__main__":
    main()
