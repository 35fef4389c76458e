"""A local web application over the products, where people look, search and label."""
