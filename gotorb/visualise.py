"""See `scope.tasks.stamps.visualise`."""

import sys

from scope.tasks.stamps import visualise

sys.modules[__name__] = visualise
