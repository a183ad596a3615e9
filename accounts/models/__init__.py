from accounts.models.declared import DeclaredNumber
from accounts.models.number import Identity, LoginFact, Number, Tenure
from accounts.models.rulebook import Clause, RuleDocument, RuleVersion

__all__ = ["Clause", "DeclaredNumber", "Identity", "LoginFact", "Number", "RuleDocument", "RuleVersion", "Tenure"]
