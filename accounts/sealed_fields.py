"""The tables whose rows depend on a service key. A missing key is replaced only after its loss is declared."""

from accounts.models import Identity, Release
from qqops.crypto import keys

keys.rests_on(keys.SEARCH, Identity)
keys.rests_on(keys.PROOF, Release)
