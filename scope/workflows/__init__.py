"""What commands do from the configuration to products that lie in their documented places.

Flows over the parts of the library: they read the configuration, let the workflow make what is
missing, and say through ``report`` what became of it.
"""
