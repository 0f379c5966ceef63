"""How far the data can be trusted: completeness, coding, linked extracts, who the unknown are."""
