"""Exchange of trained networks with other tools."""
