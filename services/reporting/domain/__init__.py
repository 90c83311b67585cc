"""The rules of reporting: how events fold into cells, and cells into figures."""
