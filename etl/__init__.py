"""WHAT WAS DELIVERED: files to intern.duckdb. Knows no indicators."""
