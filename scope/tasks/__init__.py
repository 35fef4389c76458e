"""What differs between variables, stamps and spectra; a package for each."""
