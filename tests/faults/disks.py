"""A small disk of its own for a part, that can be full at a word: a tmpfs, which only root may mount."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

POSSIBLE = os.geteuid() == 0 and Path("/proc/mounts").exists()


class Disk:
    """A tmpfs on a folder, of `megabytes`."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder, self._megabytes = folder, megabytes

    def mount(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        where = self.folder.stat()
        options = f"size={self._megabytes}m,mode=0700,uid={where.st_uid},gid={where.st_gid}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "guichet-faults", str(self.folder)], check=True)

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False, capture_output=True)

    def _resize(self, kilobytes: int) -> None:
        command = ["mount", "-o", f"remount,size={kilobytes}k", str(self.folder)]
        subprocess.run(command, check=True, capture_output=True)

    def _fill(self) -> None:
        """As small as what is on it; what is written meanwhile makes that fail, and it is tried again."""
        for left in range(9, -1, -1):
            space = os.statvfs(self.folder)
            used = (space.f_blocks - space.f_bfree) * space.f_frsize // 1024
            try:
                self._resize(used + 64)
            except subprocess.CalledProcessError:
                if not left:
                    raise
            else:
                break

    @asynccontextmanager
    async def full(self) -> AsyncIterator[None]:
        """Nothing more can be written, for the length of the block."""
        await asyncio.to_thread(self._fill)
        try:
            yield
        finally:
            await asyncio.to_thread(self._resize, self._megabytes * 1024)
