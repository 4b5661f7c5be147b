"""A task's process works with the threads, the memory and the GPUs that the task declares, and no more."""

import os
import re
import sys
from pathlib import Path

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"


def limit_process(cores: int, memory_gib: float | None, devices: str | None) -> None:
    """Limits this process and those that it will start.

    Args:
        cores: Threads of numerical libraries.
        memory_gib: Memory beyond what is loaded by now, in GiB; None: no limit, as for tasks on GPUs, whose driver
            reserves more than it uses.
        devices: GPUs that it sees, as in CUDA_VISIBLE_DEVICES; None leaves them as they are.
    """
    if devices is not None:
        os.environ[VISIBLE_GPUS] = devices
    limit_threads(cores)
    if memory_gib is not None:
        limit_memory(memory_gib)


def limit_threads(cores: int) -> None:
    """Sets the number of threads of libraries that are loaded, and of those that will be.

    Libraries that were loaded under the same number need no visit, which takes 10 ms.
    """
    loaded_alike = all(os.environ.get(name) == str(cores) for name in THREAD_VARIABLES)
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(cores)))
    if "numpy" in sys.modules and not loaded_alike:
        from threadpoolctl import threadpool_limits

        threadpool_limits(cores)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(cores)


def limit_memory(memory_gib: float) -> None:
    """Lets allocations fail, on Linux, that go beyond what this process has now and the given memory.

    What counts are writable private pages (RLIMIT_DATA): neither libraries nor stores, which are mapped from files.
    """
    if sys.platform != "linux":
        return
    import resource

    found = re.search(r"^VmData:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    used = int(found[1]) << 10 if found else 0
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    wanted = used + int(memory_gib * (1 << 30))
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
