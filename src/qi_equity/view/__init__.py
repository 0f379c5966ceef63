"""Findings as figures, tables and sentences: every number is read off, none is worked out here."""
