"""The page about a classifier: alarms, metrics, curves, calibration, mistakes and heat maps."""
