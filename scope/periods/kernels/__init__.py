"""Compiled loops of the CPU search: one thread, no reordered sums, no interpreter lock."""
