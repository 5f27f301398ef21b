"""The same networks, data and numbers of updates in genn_shd and in its peers."""
