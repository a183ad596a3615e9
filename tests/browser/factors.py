"""What a person proves himself by: an app that shows codes, a key plugged into the browser."""

import time

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from playwright.sync_api import Page
from time_machine import Traveller

from qqops.staff.models import Staff

PERIOD = 30  # seconds


class App:
    """An authenticator app. Its codes are good once, so each is read at the beginning of a period of its own."""

    def __init__(self, clock: Traveller, secret: str) -> None:
        self.clock = clock
        self.secret = secret

    @classmethod
    def of(cls, staff: Staff, clock: Traveller) -> "App":
        """The app of somebody who has set it up long ago."""
        secret = generate_totp_secret()
        TOTP.activate(staff, secret)
        return cls(clock, secret)

    def code(self) -> str:
        period = int(time.time()) // PERIOD + 1
        self.clock.move_to(period * PERIOD)
        return str(format_hotp_value(hotp_value(self.secret, period)))


def plug_in_key(page: Page) -> None:
    """Have the browser find a key that knows its owner and is touched at once."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
