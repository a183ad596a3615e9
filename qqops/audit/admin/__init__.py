from qqops.audit.admin import export, lists, reports, staff

__all__ = ["export", "lists", "reports", "staff"]
