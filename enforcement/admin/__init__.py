from enforcement.admin import acts, decisions, hooks, reclaim, ruling

__all__ = ["acts", "decisions", "hooks", "reclaim", "ruling"]
