"""From scores to probabilities: maps, prediction sets, frequencies of classes, the class tree."""
