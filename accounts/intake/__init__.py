"""Reading a file about people, line by line (4.1). What is read is never repeated, only where it stands."""

from accounts.intake.columns import HOLDERS, PROOF, REGISTRATIONS, Row
from accounts.intake.files import File, changed

__all__ = ["HOLDERS", "PROOF", "REGISTRATIONS", "File", "Row", "changed"]
