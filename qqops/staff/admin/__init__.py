from qqops.staff.admin import acts, emergency, filters, me, people, report, requests, tokens

__all__ = ["acts", "emergency", "filters", "me", "people", "report", "requests", "tokens"]
