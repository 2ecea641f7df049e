"""A certificate authority of the tests' own, and certificates signed by it."""

import ssl
import subprocess
from pathlib import Path


class Authority:
    """A certificate authority of the tests' own, and certificates signed by it."""

    def __init__(self, folder: Path, openssl: str) -> None:
        self._folder = folder
        self._openssl = openssl
        (folder / "index").touch()
        (folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nserial={folder}/serial\n"
            f"rand_serial=yes\nnew_certs_dir={folder}\ncertificate={folder}/ca.pem\n"
            f"private_key={folder}/ca.key\ndefault_md=sha256\npolicy=p\nunique_subject=no\n"
            "[p]\ncommonName=supplied\n"
        )
        self._key_and("req", "-x509", "-days", "30", "-subj", "/CN=Tests", name="ca")

    def server(self, *names: str, begin: str = "", end: str = "") -> ssl.SSLContext:
        """A server's side, with a certificate for these names; times as YYYYMMDDHHMMSSZ."""
        stem = f"{abs(hash((names, begin, end)))}"
        extensions = self._folder / f"{stem}.ext"
        extensions.write_text("subjectAltName=" + ",".join(names))
        self._key_and("req", "-new", "-subj", "/CN=test", name=stem)
        self._run(
            *("ca", "-batch", "-config", str(self._folder / "ca.cnf")),
            *("-in", self._path(stem, "pem"), "-out", self._path(stem, "crt")),
            *("-extfile", str(extensions), "-notext"),
            *("-startdate", begin or "20200101000000Z", "-enddate", end or "20491231235959Z"),
        )
        return self._context(self._path(stem, "crt"), self._path(stem, "key"))

    def self_signed(self, name: str) -> ssl.SSLContext:
        stem = "self-signed"
        self._key_and(
            *("req", "-x509", "-days", "30", "-subj", "/CN=test"),
            *("-addext", f"subjectAltName={name}"),
            name=stem,
        )
        return self._context(self._path(stem, "pem"), self._path(stem, "key"))

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._path("ca", "pem"))

    def _key_and(self, *arguments: str, name: str) -> None:
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        to = ("-keyout", self._path(name, "key"), "-out", self._path(name, "pem"))
        self._run(*arguments, *key, *to)

    def _context(self, certificate: str, key: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context

    def _path(self, name: str, kind: str) -> str:
        return str(self._folder / f"{name}.{kind}")

    def _run(self, *arguments: str) -> None:
        ended = subprocess.run([self._openssl, *arguments], check=False, capture_output=True)
        assert ended.returncode == 0, f"openssl {arguments[0]}: {ended.stderr.decode()}"
