"""The rules of status: an application's history and clocks, and its states in plain words."""
