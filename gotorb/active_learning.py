"""See `scope.tasks.stamps.active_learning`."""

import sys

from scope.tasks.stamps import active_learning

sys.modules[__name__] = active_learning
