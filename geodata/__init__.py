"""WHERE: territories, boundaries, changes of boundaries. Knows no numbers."""
