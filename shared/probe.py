"""Whether the service in this container is ready: exit status 0 or 1, for its health check."""

import os
import sys
import urllib.error
import urllib.request


def main() -> int:
    port = os.environ.get("GUICHET_PORT", "8000")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError):
        return 1


if __name__ == "__main__":
    sys.exit(main())
