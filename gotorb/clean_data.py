"""See `scope.tasks.stamps.clean_data`."""

import sys

from scope.tasks.stamps import clean_data

sys.modules[__name__] = clean_data
