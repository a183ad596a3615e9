"""The rules files that the tests read: the sample always, the real one where QQOPS_RULES_FILE names it."""

import os
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "data" / "rules-sample.txt"
SAMPLE_NUMBERS = "preamble.1 preamble.2 1.1 1.2 2 3.1 3.1(1) 3.1(2) 3.1(3) 3.2 4 5.1 5.2"
RULES_NUMBERS = (
    "preamble.1 preamble.2 1.1 1.2 1.3 2 3.1 3.1(1) 3.1(2) 3.1(3) 3.1(4) 3.1(5) 3.2 3.3 4.1 4.2 5.1 5.2 6.1 6.2 6.3 7"
    " 8.1 8.2 8.3 9.1 9.2 9.3 9.4 10.1 10.2 10.3 10.4 11 12.1 12.2 12.3 12.4 12.5 12.6 12.7"
)

FILES = [(SAMPLE, SAMPLE_NUMBERS)]
if os.environ.get("QQOPS_RULES_FILE"):
    FILES.append((Path(os.environ["QQOPS_RULES_FILE"]), RULES_NUMBERS))
