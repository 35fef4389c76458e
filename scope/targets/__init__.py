"""What is asked for, and the units of work that it falls into."""

from scope.targets.names import FieldTarget, ListTarget, Target, parse_target

__all__ = ["FieldTarget", "ListTarget", "Target", "parse_target"]
