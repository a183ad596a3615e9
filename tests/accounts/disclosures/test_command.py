"""`manage.py disclosures`: the register as this person may read it, and a proof held to its file."""

from collections.abc import Callable
from pathlib import Path

from accounts.declarations.services import declare
from accounts.disclosures.package import content_of
from accounts.models import Number
from qqops.core.commands import Exit
from qqops.staff.models import Staff
from tests.accounts.disclosures.asking import register, release, review
from tests.terminal import Terminal

Make = Callable[..., Number]
WHY = ("--reason", "looks after the register")


def test_the_register_is_listed_and_shown_without_a_secret_one_to_who_may_not(
    number: Make, terminal: Terminal, agent: Staff, privacy: Staff
) -> None:
    open_one, secret = register(agent, number().pk), register(agent, number().pk)
    review(secret, privacy, "registrant", secret=True)
    for login, expected in (("agent", [open_one]), ("auditor", [secret, open_one]), ("privacy", [secret, open_one])):
        said = terminal(login, "disclosures", "list", "--json", *WHY)
        assert [one["receipt"] for one in said.json["disclosures"]] == [one.receipt for one in expected], login
    assert terminal("agent", "disclosures", "show", secret.receipt, *WHY).code == Exit.USAGE
    shown = terminal("privacy", "disclosures", "show", secret.receipt.lower(), "--json", *WHY).json
    assert shown["rulings"][1]["information"] == "messages" and shown["papers"][0]["paper"] == "retrieval_notice"
    assert secret.receipt in terminal("privacy", "disclosures", "list", "--state", "reviewed", *WHY).out
    plain = terminal("privacy", "disclosures", "show", secret.receipt, *WHY).out
    assert "● registration information" in plain and "李建国" not in plain
    for login in ("officer", "reviewer", "sysadmin"):
        assert terminal(login, "disclosures", "list", *WHY).code == Exit.REFUSED
    assert terminal("agent", "disclosures", "show", *WHY).code == Exit.USAGE


def test_one_about_a_number_of_ones_own_is_neither_listed_nor_shown(
    number: Make, terminal: Terminal, agent: Staff, auditor: Staff
) -> None:
    one = number()
    made, other = register(agent, one.pk), register(agent, number().pk)
    assert terminal("auditor", "disclosures", "show", made.receipt, *WHY).code == Exit.DONE
    declare(auditor, [one.pk], "relative", actor=auditor)
    listed = terminal("auditor", "disclosures", "list", "--json", *WHY).json["disclosures"]
    assert [row["receipt"] for row in listed] == [other.receipt]
    assert terminal("auditor", "disclosures", "show", made.receipt, *WHY).code == Exit.USAGE


def test_a_proof_is_held_to_its_file(
    number: Make, terminal: Terminal, agent: Staff, privacy: Staff, supervisor: Staff, tmp_path: Path
) -> None:
    made = release(review(register(agent, number().pk), privacy, "registrant"), supervisor)
    file, proof = tmp_path / "file.json", tmp_path / "proof.txt"
    file.write_bytes(content_of(made))
    proof.write_text(made.proof)
    said = terminal("auditor", "disclosures", "verify", file, proof, *WHY)
    assert said.code == Exit.DONE and "The proof fits the file" in said.out
    file.write_bytes(content_of(made) + b"\n")
    said = terminal("auditor", "disclosures", "verify", file, proof, *WHY)
    assert said.code == Exit.ERROR and "does not fit" in said.out
    assert terminal("auditor", "disclosures", "verify", file, proof, "--json", *WHY).json["fits"] is False
    assert terminal("auditor", "disclosures", "verify", tmp_path / "none", proof, *WHY).code == Exit.USAGE
