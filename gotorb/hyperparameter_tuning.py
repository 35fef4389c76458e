"""See `scope.tasks.stamps.hyperparameter_tuning`."""

import sys

from scope.tasks.stamps import hyperparameter_tuning

sys.modules[__name__] = hyperparameter_tuning
