"""These tests sign in with codes, as those of the sign-in do."""

from tests.qqops.staff.signin.conftest import _at_the_beginning_of_a_period, compulsory

__all__ = ["_at_the_beginning_of_a_period", "compulsory"]
