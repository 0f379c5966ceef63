"""Tables in, tables out: pandas at the door, arrays inside; no project, no store."""
