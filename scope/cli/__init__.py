"""Commands: what is typed is parsed, and one function of the library is called."""
