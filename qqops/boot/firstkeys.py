"""Create the secrets of a new installation, one file each: `python -m qqops.boot.firstkeys FOLDER`.

Containers receive secrets as files: the setting NAME is read from the file that the variable NAME_FILE names
(settings.py). The folder must be empty or new, because data sealed under overwritten keys is lost. Put a copy of the
keys in escrow before anything is sealed (docs/keys.md).
"""

import secrets
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qqops.audit.checkpoints import text
from qqops.crypto import seal

HOST = "database:5432/qqops?connect_timeout=5"


def fresh() -> dict[str, str]:
    """Return the content of each secret by name. The database URLs name the roles of deploy/roles.sh."""
    signing = seal.new_key()
    (private,) = seal.read_keys(f"c1:{signing}").values()
    return {
        "secret_key": secrets.token_urlsafe(60),
        "seal_keys": f"a:{seal.new_key()}",
        "checkpoint_key": f"c1:{signing}",
        "checkpoint_public": text.written("c1", Ed25519PrivateKey.from_private_bytes(private).public_key()),
        "webhook_key": secrets.token_urlsafe(48),
        "database_password": secrets.token_urlsafe(32),
        "database_owner_url": f"postgresql://qqops_owner:{secrets.token_urlsafe(32)}@{HOST}",
        "database_url": f"postgresql://qqops_app:{secrets.token_urlsafe(32)}@{HOST}",
    }


def main(folder: Path) -> None:
    # Only the owner may enter the folder. The files are world-readable, because containers run as other users.
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if present := sorted(one.name for one in folder.iterdir()):
        sys.exit(f"{folder} is not empty ({', '.join(present)}): nothing was written. Name a new folder.")
    for name, content in fresh().items():
        (folder / name).write_text(content)
        (folder / name).chmod(0o444)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m qqops.boot.firstkeys FOLDER")
    main(Path(sys.argv[1]))
