"""What rests on the keys of the house: these are not made anew beside it unless somebody says that they are lost."""

from accounts.models import Identity, Release
from qqops.crypto import keys

keys.rests_on(keys.SEARCH, Identity)
keys.rests_on(keys.PROOF, Release)
