"""Learning: gradients, experiments and statistics."""
