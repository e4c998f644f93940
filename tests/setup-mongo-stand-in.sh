#!/usr/bin/env bash
# Installs the MongoDB stand-in that the store's tests talk to when no real MongoDB is given in LAMD_TEST_MONGODB (see TestKit/MongoStandIn/server.mjs).
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)
source=$root/tests/TestKit/MongoStandIn
target=$root/artifacts/mongo-stand-in
if cmp -s "$source/package-lock.json" "$target/installed.json"; then exit 0; fi

command -v npm >/dev/null || { echo 'npm is needed for the tests of the MongoDB store: apt-get install npm' >&2; exit 1; }
mkdir -p "$target"
cp "$source/package.json" "$source/package-lock.json" "$target/"
(cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
cp "$source/package-lock.json" "$target/installed.json"
