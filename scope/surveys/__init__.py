"""Where light curves come from."""
