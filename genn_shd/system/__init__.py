"""Common parts: files, locks, progress, interrupts, exit codes, checks of numbers and names."""
