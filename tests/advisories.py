"""`python -m tests.advisories`: are there known vulnerabilities in what is locked? Asks pip-audit.

Fails on a finding. Where the advisories cannot be reached (no network, or a package index that has none) nothing
was found out, and that is said; it is no failure, as no change of ours could mend it.
"""

import json
import subprocess
import sys

LOCKS = ("requirements.txt", "requirements-dev.txt")
NO_NETWORK = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "ServiceError", "SSLError")


def main() -> int:
    asked = [argument for lock in LOCKS for argument in ("-r", lock)]
    command = ["pip_audit", *asked, "--disable-pip", "--require-hashes", "--progress-spinner", "off", "-f", "json"]
    run = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
    try:
        answered = json.loads(run.stdout)["dependencies"]
    except (ValueError, KeyError):
        if not any(sign in run.stderr for sign in NO_NETWORK):
            print(run.stderr, file=sys.stderr)
            return 1
        return _unanswered(run.stderr)
    unknown = [found["name"] for found in answered if "skip_reason" in found]
    hit = [found for found in answered if found.get("vulns")]
    for found in hit:
        names = ", ".join(v["id"] for v in found["vulns"])
        print(f"{found['name']} {found['version']}: {names}; mended in {found['vulns'][0]['fix_versions']}")
    if hit:
        return 1
    if len(unknown) == len(answered):
        return _unanswered("the package index has no advisories")
    print(f"No known vulnerability in {len(answered) - len(unknown)} packages; not known there: {unknown or 'none'}.")
    return 0


def _unanswered(why: str) -> int:
    last = (why.strip().splitlines() or ["no answer"])[-1]
    print(f"SKIPPED: known vulnerabilities were not looked up, as the advisories cannot be reached ({last[:160]}).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
