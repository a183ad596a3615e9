"""The two ways an act can end before it begins; every door translates them."""


class Invalid(Exception):
    """The request itself is wrong: exit code 2, or a form error. Nothing was done or recorded."""


class Refused(Exception):
    """The request is well formed but not allowed: exit code 5, HTTP 403. The refusal is on the record."""
