"""Where observations come from: birth records, tables of counts, and a made-up network."""
