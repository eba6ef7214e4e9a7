"""What leaves the house as a file: tables, data package, the care-planning report. Reads the Store, writes files."""
