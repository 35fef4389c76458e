"""See `scope.tasks.stamps.label_data`."""

import sys

from scope.tasks.stamps import label_data

sys.modules[__name__] = label_data
