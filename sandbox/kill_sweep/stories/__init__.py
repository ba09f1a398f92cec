"""What sweeps share in which one story is told: trials of many kills each, their table and their command."""
