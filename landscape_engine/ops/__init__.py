"""Pure tensor functions: warping, motion fields, looping, color transfer."""
