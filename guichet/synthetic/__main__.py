"""Rewrites the synthetic inventory."""

from guichet.synthetic import SERVICES, STANDARDS, generate, written

if __name__ == "__main__":
    for path, rows in zip((SERVICES, STANDARDS), generate(), strict=True):
        path.write_text(written(rows), encoding="utf-8", newline="")
