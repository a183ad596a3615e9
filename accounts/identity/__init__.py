"""Identity information 身份信息: formats (docs/decisions/0006-identity-formats.md), masks, sealing, records."""
