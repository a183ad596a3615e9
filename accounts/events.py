"""Import every module that declares events, so that the event catalogue knows them."""

# ruff: noqa: F401, I001
import accounts.allocation.events
import accounts.breaches.events
import accounts.identity.events
import accounts.retention.events
import accounts.quarantine.events
import accounts.numbers.events
import accounts.dormancy.events
import accounts.disclosures.events
import accounts.resources.events
import accounts.reveals.events
import accounts.rights.events
