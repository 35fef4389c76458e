"""Training of many models: who runs what where."""
