"""From a store to the training step: order, augmentation, transfer to the device."""
