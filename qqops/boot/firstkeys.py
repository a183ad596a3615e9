"""The secrets that a new house begins with, each in a file of its own: `python -m qqops.boot.firstkeys FOLDER`.

A variable NAME is read from the file that NAME_FILE names (settings.py), which is how containers are given secrets.
Nothing is ever written over: under these keys data lie. Put a copy in escrow before anything is sealed (docs/keys.md).
"""

import secrets
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qqops.audit.checkpoints import text
from qqops.crypto import seal

HOST = "database:5432/qqops?connect_timeout=5"


def fresh() -> dict[str, str]:
    """Name of each secret, and its content. Those of the database name the roles of deploy/roles.sh."""
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
    # Nobody else comes into the folder; a file in it is read by whatever user a container runs as.
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
