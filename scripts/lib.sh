# What the scripts share: one way to say things, one virtual environment, one way to find a browser.
VENV="${VIGIE_VENV:-.venv}"

say() { printf '\033[2m==>\033[0m %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

python_find() {
    local name
    for name in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
        [ -n "$name" ] || continue
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$name"; return; }
    done
    fail "Vigie needs Python 3.11 or newer; install it, or name one: PYTHON=/path/to/python3 $0"
}

venv_make() {
    [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -c '' 2>/dev/null && return
    local python
    python=$(python_find)
    say "making a virtual environment in $VENV with $($python --version)"
    "$python" -m venv --clear "$VENV" || fail "python -m venv failed (on Debian: apt-get install python3-venv)"
}

# requirements_install FILE: installs the pinned packages of FILE, once for each content of it.
requirements_install() {
    local file=$1 stamp want
    stamp="$VENV/.installed-$(basename "$file")"
    want=$(cat "$file" pyproject.toml | cksum)
    [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return
    say "installing the packages pinned in $file (hashes checked)"
    # The lock file is whole, so nothing is resolved again. Python compiles what it imports when it
    # does: compiling all of it here takes as long as the rest of the installation.
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
        --require-hashes -r "$file"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    echo "$want" >"$stamp"
}

# packages_compile: compiles what is installed, once for each content of the lock file. Warnings are
# errors in the tests, and what the compiler thinks of a library's source is not for them to say.
packages_compile() {
    local stamp="$VENV/.compiled" want
    want=$(cksum <requirements/dev.txt)
    [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return
    say "compiling the packages"
    "$VENV/bin/python" -W ignore -m compileall -q -j 0 "$VENV"/lib/python3*/site-packages >/dev/null || true
    echo "$want" >"$stamp"
}

# npm_install: installs the pinned tools that build static/*.js, once for each content of the lock file.
npm_install() {
    local stamp=node_modules/.installed want
    command -v npm >/dev/null || fail "building rum.js needs Node.js 18+ and npm (on Debian: apt-get install nodejs npm)"
    want=$(cksum <package-lock.json)
    [ "$(cat $stamp 2>/dev/null)" = "$want" ] && return
    say "installing the packages pinned in package-lock.json"
    npm ci --silent --no-audit --no-fund
    echo "$want" >$stamp
}

# browser_find: prints the path of a Chromium, or nothing.
browser_find() {
    local name
    for name in "${VIGIE_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        [ -n "$name" ] && command -v "$name" 2>/dev/null && return
    done
    "$VENV/bin/python" - <<'PY' 2>/dev/null || true
from pathlib import Path
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    path = p.chromium.executable_path
if Path(path).exists():
    print(path)
PY
}

# debian_install PROGRAM PACKAGE...: installs Debian's packages where the program is missing.
debian_install() {
    local program=$1
    shift
    command -v "$program" >/dev/null && return
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
        fail "the tests drive $program; install it (on Debian: apt-get install $*)"
    say "installing Debian's $*"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null ||
        fail "apt-get could not install $*; install $program by hand"
}

# firefox_install: a Firefox, unless VIGIE_FIREFOX names one.
firefox_install() {
    command -v "${VIGIE_FIREFOX:-firefox}" >/dev/null || debian_install firefox-esr firefox-esr
}

# webkit_install: WebKitGTK with its driver, and a screen for it that nobody sees.
webkit_install() {
    debian_install WebKitWebDriver webkit2gtk-driver
    debian_install xvfb-run xvfb xauth
}

browser_install() {
    [ -n "$(browser_find)" ] && return
    say "no Chromium found; asking Playwright for its own"
    timeout 300 "$VENV/bin/python" -m playwright install chromium >/dev/null 2>&1 && return
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "no browser: install Chromium, or set VIGIE_CHROMIUM to one"
    say "that cannot be had here; installing Debian's chromium"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null ||
        fail "apt-get could not install chromium"
}

# strace_install: the tests of the journal watch its calls with strace.
strace_install() {
    command -v strace >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing strace"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq strace >/dev/null && return
    fi
    fail "the tests need strace (on Debian: apt-get install strace)"
}
