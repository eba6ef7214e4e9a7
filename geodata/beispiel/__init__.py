"""Invented territories that ship with the project."""
