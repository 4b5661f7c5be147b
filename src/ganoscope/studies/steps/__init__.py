"""What the tasks of a study do, one kind of task per module; each writes one folder.

What learns reads a store that holds the training patients of its split alone. The held-out patients lie in another
store, which the evaluation of that split opens, and nothing else does.
"""
