from appeals.admin import acts, appeals, court, filing, hooks, lookup, quality, recovery, ruling, said

__all__ = ["acts", "appeals", "court", "filing", "hooks", "lookup", "quality", "recovery", "ruling", "said"]
