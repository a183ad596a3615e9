"""Identity information 身份信息: how it is written and how much of it is shown. domain.md §4."""
