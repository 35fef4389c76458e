"""From survey light curves to a catalogue of variable-source classifications."""

__version__ = "0.1.0"
