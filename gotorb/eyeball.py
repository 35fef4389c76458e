"""See `scope.desk.eyeball`."""

import sys

from scope.desk import eyeball

sys.modules[__name__] = eyeball
