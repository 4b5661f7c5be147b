"""The page that `ganoscope inspect` writes: alarms first, then the evidence, with galleries of the offenders."""
