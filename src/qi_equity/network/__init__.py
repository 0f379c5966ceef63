"""What a network learns beyond its charts: which ideas worked, whose voices, who gives care.

Tables in, tables out; sentences are made in `words`, and nothing is drawn or stored here.
"""
