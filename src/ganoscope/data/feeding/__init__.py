"""Feeds the images of a store to training steps: order, augmentation, transfer to the device."""
