"""The folder of a run: who works in it, what is done, and how to go on after a fault."""
