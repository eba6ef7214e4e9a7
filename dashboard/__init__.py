"""WHAT IS SHOWN: pages, map, charts. Knows no SQL."""
