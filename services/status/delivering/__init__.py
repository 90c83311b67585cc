"""How what changed reaches who asked to be told: claimed, sent outside any transaction, and then recorded."""

from services.status.delivering.running import deliver, keep_house, prepare

__all__ = ["deliver", "keep_house", "prepare"]
