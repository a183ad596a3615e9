"""Files of identity information for tests: CSV, workbooks, JSON Lines."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

HEADING = ("number", "name", "document_kind", "document", "mobile", "email", "born")
# Nobody's, and all of the right form: whatever repeats one of them has told on somebody.
PERSON = ("欧阳晓月", "resident", "110101199003071233", "13987654321", "canary.person@example.com", "1990-03-07")


def csv_of(rows: Iterable[Sequence[Any]], heading: Sequence[str] = HEADING, encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([heading, *rows])
    return out.getvalue().encode(encoding)


def xlsx_of(rows: Iterable[Sequence[Any]], heading: Sequence[str] = HEADING) -> bytes:
    book, out = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (heading, *rows):
        sheet.append(list(row))
    book.save(out)
    return out.getvalue()


def jsonl_of(rows: Iterable[Sequence[Any]], heading: Sequence[str] = HEADING) -> bytes:
    lines = [json.dumps(dict(zip(heading, row, strict=True)), ensure_ascii=False) for row in rows]
    return "\n".join(lines).encode()


def put(folder: Path, content: bytes, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
