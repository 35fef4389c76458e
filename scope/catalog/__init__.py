"""From units and scores to products: predictions, the catalogue, other formats, counts."""

from scope.catalog.catalog_counts import Summary, summarize
from scope.catalog.export import PREDICTION_FORMATS, export
from scope.catalog.gather import gather
from scope.catalog.merge import merge
from scope.catalog.publish import publish_catalog

__all__ = [
    "PREDICTION_FORMATS",
    "Summary",
    "export",
    "gather",
    "merge",
    "publish_catalog",
    "summarize",
]
