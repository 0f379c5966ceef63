"""The app in a browser: pages made of findings, kept up to date over one connection."""
