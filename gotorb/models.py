"""See `scope.models.images.architectures`."""

import sys

from scope.models.images import architectures

sys.modules[__name__] = architectures
