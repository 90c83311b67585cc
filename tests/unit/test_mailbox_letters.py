"""The mailbox keeps letters while others look into it."""

from pathlib import Path
from threading import Thread

from guichet.mailbox.letters import Letters

_LETTER = b"Subject: whole\r\n\r\n" + b"0123456789abcdef" * 4096


def test_a_letter_is_found_whole_or_not_yet(tmp_path: Path) -> None:
    letters = Letters(tmp_path)
    keeping = Thread(target=lambda: [letters.keep(_LETTER) for _ in range(300)])
    keeping.start()
    seen: dict[str, int] = {}
    while keeping.is_alive():
        seen |= {file.name: len(file.read_bytes()) for file in tmp_path.glob("*.eml") if file.name not in seen}
    keeping.join()
    assert set(seen.values()) == {len(_LETTER)}
    assert len(letters.all()) == 300
