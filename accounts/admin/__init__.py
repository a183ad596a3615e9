from accounts.admin import number, rulebook

__all__ = ["number", "rulebook"]
