"""When two citations name the same document: width, spaces, title marks and case say nothing (12.7).

One SQL expression on both sides: what is compared was made by the same rules, whatever Python knows of Unicode.
"""

from django.db import connection
from django.db.models import Func, TextField

_KEY = "lower(regexp_replace(normalize({citation}, NFKC), '[[:space:]《》〈〉]+', '', 'g'))"


def key_sql(citation: str) -> str:
    """The SQL of the key of a citation that is itself SQL."""
    return _KEY.format(citation=citation)


def key_of(citation: str) -> str:
    """ "" where nothing is left that could name anything."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key_sql('%s::text')}", [citation])
        return str(cursor.fetchone()[0])


class CitationKey(Func):
    template = _KEY.format(citation="%(expressions)s")
    output_field = TextField()
