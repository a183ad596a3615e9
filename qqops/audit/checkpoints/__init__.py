"""Signed heads of the record. The chain proves that nothing before its head was touched, if the head is the true one:
who owns the database could rewrite events and compute every hash after them anew. A checkpoint that lies elsewhere,
signed by a key that is not in the database, says what the head was (DESIGN §5, docs/record.md).
"""
