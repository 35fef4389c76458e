"""Tools on Fritz: classifications up and down, annotations, taxonomies."""
