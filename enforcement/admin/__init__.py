from enforcement.admin import acts, decisions, hooks, ruling

__all__ = ["acts", "decisions", "hooks", "ruling"]
