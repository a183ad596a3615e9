"""Reading a file of identity information, line by line: 4.1. What is read is never repeated, only where it stands."""

from accounts.intake.columns import PROOF, Row
from accounts.intake.files import File, changed

__all__ = ["PROOF", "File", "Row", "changed"]
