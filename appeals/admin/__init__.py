from appeals.admin import acts, appeals, court, filing, hooks, lookup, overview, quality, recovery, review, ruling, said

__all__ = [
    "acts",
    "appeals",
    "court",
    "filing",
    "hooks",
    "lookup",
    "overview",
    "quality",
    "recovery",
    "review",
    "ruling",
    "said",
]
