"""The built-in algorithms: one module each, called as the algorithm is, with an ``ALGORITHM``."""
