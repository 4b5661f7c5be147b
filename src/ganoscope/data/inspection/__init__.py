"""What `ganoscope inspect` measures and selects before its page is written: brightness, shortcuts, gallery images."""
