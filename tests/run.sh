#!/usr/bin/env bash
# Every test of the repository: installs what the tests need, builds once, runs each test project, prints what failed, and ends with one line
# "N passed, N failed, N skipped". Exit code 0 only when tests ran and none failed. Name projects to run only those: tests/run.sh Domain Merging
set -uo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)
cd "$root" || exit 1
exec </dev/null
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# Two test processes share the cores: threads that wait must sleep, not spin.
export OMP_WAIT_POLICY=PASSIVE

say() { printf '%s\n' "$*" >&2; }

# --- what the tests need -------------------------------------------------------------------------------------------------------------------
install_debian() {
  local missing=() package as_root=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  command -v apt-get >/dev/null || { say "not a Debian system: install ${missing[*]} yourself; the tests that need it will fail"; return 0; }
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
  say "installing ${missing[*]}"
  # RUNLEVEL=1: installed, not started; the tests start their own broker.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null 2>&1
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
    say "could not install ${missing[*]}; the tests that need it will fail"
}

command -v dotnet >/dev/null || { say 'the .NET SDK is needed: https://dotnet.microsoft.com/download'; exit 1; }
install_debian rabbitmq-server
for setup in tests/setup-*.sh; do
  [ -f "$setup" ] || continue
  bash "$setup" >&2 || say "$setup failed; the tests that need it will fail"
done

# --- build ---------------------------------------------------------------------------------------------------------------------------------
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
say 'building'
# A fresh machine reaches its package registry through the network: one more try before giving up.
dotnet restore LamdAgent.sln -v q >"$logs/restore" 2>&1 || dotnet restore LamdAgent.sln -v q >"$logs/restore" 2>&1 || { cat "$logs/restore"; echo '0 passed, 1 failed, 0 skipped'; exit 1; }
if ! dotnet build LamdAgent.sln -c Release --no-restore --nologo -v q -nodeReuse:false >"$logs/build" 2>&1; then
  grep -E 'error|warn' "$logs/build" | sort -u | head -40
  echo '0 passed, 1 failed, 0 skipped'
  exit 1
fi

# --- run -----------------------------------------------------------------------------------------------------------------------------------
# The longest first, so that the two lanes end together.
order='Integration Standalone Scale Modeling'
projects=()
for name in $order; do [ -d "tests/$name.Tests" ] && projects+=("$name"); done
for folder in tests/*.Tests; do
  name=$(basename "$folder" .Tests)
  case " $order " in *" $name "*) ;; *) projects+=("$name") ;; esac
done
[ $# -gt 0 ] && projects=("$@")

run_project() {
  local name=$1 exe="artifacts/bin/LamdAgent.$1.Tests/release/LamdAgent.$1.Tests" log="$2/$1.log" code
  [ -x "$exe" ] || { echo "$name: not built" >"$log"; echo 1 >"$2/$name.code"; return; }
  timeout --kill-after=20 1500 "$exe" --progress off --ansi off >"$log" 2>&1
  code=$?
  echo "$code" >"$2/$name.code"
  printf '%-16s %s\n' "$name" "$(sed -n 's/^ *\(total\|failed\|succeeded\|skipped\|duration\): */\1 /p' "$log" | paste -sd' ')" >&2
}
export -f run_project
printf '%s\n' "${projects[@]}" | xargs -P 2 -I{} bash -c 'run_project "$1" "$2"' _ {} "$logs"

passed=0 failed=0 skipped=0
for name in "${projects[@]}"; do
  log=$logs/$name.log code=$(cat "$logs/$name.code" 2>/dev/null || echo 1)
  count() { sed -n "s/^ *$1: *\([0-9]*\).*/\1/p" "$log" | tail -n 1; }
  p=$(count succeeded) f=$(count failed) s=$(count skipped)
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
  [ "$code" -eq 0 ] || [ "$code" -eq 8 ] && continue # 8: the project holds no tests
  echo "--- $name (exit code $code)"
  tail -n 200 "$log"
  [ "${f:-0}" -gt 0 ] || failed=$((failed + 1)) # died before it could count
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ $((passed + failed)) -gt 0 ]
