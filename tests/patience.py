"""How long a test waits for what should happen before it says that it never will."""

from __future__ import annotations

import os

# A bound, not a pause: a test goes on as soon as what it waits for is there, so a large one costs
# a working machine nothing. Slower than two minutes: QI_EQUITY_TEST_PATIENCE=600 pytest.
PATIENCE = float(os.environ.get("QI_EQUITY_TEST_PATIENCE", "120"))  # seconds
PATIENCE_MS = PATIENCE * 1000  # as Playwright and JavaScript count
