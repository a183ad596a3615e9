"""What the acts of this app are called on the record, by subject."""

from accounts.verbs import breach, identity, keeping, numbers, policies, requests, resources, reveals, rights

__all__ = ["breach", "identity", "keeping", "numbers", "policies", "requests", "resources", "reveals", "rights"]
