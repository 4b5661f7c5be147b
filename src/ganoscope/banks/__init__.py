"""Banks of GANs: many small ones, each trained on a random half of the patients, and what they generate.

Every patient is in exactly half of the models. Who compares models that have seen a patient with models that have not
can tell what an image gives away.
"""
