"""Files, locks, progress, interrupts and exit codes: what every part needs of the system."""
