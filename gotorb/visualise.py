"""See `scope.desk.visualise`."""

import sys

from scope.desk import visualise

sys.modules[__name__] = visualise
