#!/bin/sh
# Story: a person opens the report in a browser, from a file, offline (ctest: full timeout=900).
# Without Chromium, npm or the registry there is nothing to see it with: the story is not told, and says so.
set -eu
: "${PROBE:?}" "${LEAT_SOURCE:?}"
skip() { echo "ok 1 - skipped: $*"; exit 0; }
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "there is no Chromium (apt-get install chromium)"
command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || skip "Node.js is older than 20"
cp "$LEAT_SOURCE"/test/web/package.json "$LEAT_SOURCE"/test/web/package-lock.json "$LEAT_SOURCE"/test/web/.npmrc "$LEAT_SOURCE"/test/web/report.mjs .
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >npm.log 2>&1 || skip "npm could not install playwright-core: $(tail -n 1 npm.log)"
node report.mjs "$PROBE" "$LEAT_SOURCE/test/report" "$browser"
