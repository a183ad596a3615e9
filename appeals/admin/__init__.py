from appeals.admin import acts, appeals, court, filing, hooks, lookup, quality, recovery, review, ruling, said

__all__ = ["acts", "appeals", "court", "filing", "hooks", "lookup", "quality", "recovery", "review", "ruling", "said"]
