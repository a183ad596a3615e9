from tests.web.conftest import desk

__all__ = ["desk"]
