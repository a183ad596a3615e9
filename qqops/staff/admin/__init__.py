from qqops.staff.admin import acts, emergency, me, people, report, requests, tokens

__all__ = ["acts", "emergency", "me", "people", "report", "requests", "tokens"]
