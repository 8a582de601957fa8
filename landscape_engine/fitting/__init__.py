"""The artist's hand: annotations, and the latent codes that fit them (paper, section 6.4)."""
