"""Example deliveries that ship with the project, and the script that makes the invented ones."""
