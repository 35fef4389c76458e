"""Events of the General Coordinates Network, and what is known of the sources in them."""
