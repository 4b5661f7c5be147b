"""Re-identification: does a synthetic image show a patient whom its generator has learned from?"""
