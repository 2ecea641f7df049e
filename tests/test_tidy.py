"""What must never be committed: registries' addresses, machines' paths, secrets."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:root|home/\w+|work/main)/")
SECRET = re.compile(r"-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----|AKIA[0-9A-Z]{16}")
TEXT_BYTES_MAX = 2_000_000


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def test_lock_files_carry_hashes_and_no_addresses() -> None:
    for name in ("run.txt", "dev.txt"):
        text = (ROOT / "requirements" / name).read_text()
        assert "://" not in text, name
        assert "--index-url" not in text, name
        assert text.count("==") <= text.count("--hash=sha256:"), name
    npm = (ROOT / "package-lock.json").read_text()
    assert '"resolved"' not in npm
    assert '"integrity"' in npm


@pytest.mark.parametrize("path", tracked(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_committed_file_names_no_machine_and_holds_no_secret(path: Path) -> None:
    content = path.read_bytes()
    if b"\0" in content[:8000] or len(content) > TEXT_BYTES_MAX:
        return
    text = content.decode("utf-8")
    if path != Path(__file__).resolve():
        assert not MACHINE_PATH.search(text)
        assert not SECRET.search(text)
