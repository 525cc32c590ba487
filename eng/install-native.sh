#!/bin/sh
# Installs the native files named by package-lock.json into eng/node_modules, once per lock file. Several builds may call it at the same time:
# the directory itself is the lock, and the stamp is written last, so that a killed install is repeated.
set -eu
cd "$(dirname "$0")"
exec 9< .
flock 9
if cmp -s package-lock.json node_modules/.merlon-stamp; then
    exit 0
fi
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
cp package-lock.json node_modules/.merlon-stamp
