"""See `scope.tasks.stamps.classifier`."""

import sys

from scope.tasks.stamps import classifier

sys.modules[__name__] = classifier
