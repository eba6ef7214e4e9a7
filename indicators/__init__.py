"""WHAT IT MEANS: Kennzahlen, disclosure control, snapshots, reports. Knows no Dash."""
