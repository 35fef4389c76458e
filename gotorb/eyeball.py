"""See `scope.tasks.stamps.eyeball`."""

import sys

from scope.tasks.stamps import eyeball

sys.modules[__name__] = eyeball
