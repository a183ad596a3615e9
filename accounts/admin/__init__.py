from accounts.admin import declared, number, protect, rulebook

__all__ = ["declared", "number", "protect", "rulebook"]
