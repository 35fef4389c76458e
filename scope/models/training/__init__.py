"""Training: splits, examples of a class, models to go on from, sweeps, jobs."""
