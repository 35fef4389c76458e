"""Runs on a real SLURM."""
