"""A graph of tasks whose results are kept: studies and banks of GANs are described as tasks and made by one engine.

A task is a function of a module and plain values; its result is a folder, kept under the hash of everything that it
depends on. `running.run_tasks` makes what is not there yet, in fresh processes, by one of the `engines`. Nothing here
knows what the tasks do.
"""
