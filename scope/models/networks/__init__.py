"""The two-branch network of features and histograms: layers, training, files, scoring."""
