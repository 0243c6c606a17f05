#!/usr/bin/env bash
# fuzz.sh [SECONDS] [TARGET …]: builds the fuzzers and runs each for SECONDS (default 60) on its committed corpus in
# Tests/Fuzz/TARGET. New inputs are kept under .build/fuzz/corpus; a crash is written there too and fails the run.
# A crash found becomes a unit test, and a small input that opens new ground is copied to Tests/Fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
INFINITE_FUZZ=1 swift build -c release --scratch-path .build/fuzz --product fuzzers
fuzzers=.build/fuzz/release/fuzzers
targets=("$@")
[ ${#targets[@]} -gt 0 ] || read -ra targets < <("$fuzzers" 2>&1 | sed -n 's/^targets: //p')
for target in "${targets[@]}"; do
  found=.build/fuzz/corpus/$target
  mkdir -p "$found" "Tests/Fuzz/$target"
  echo "fuzzing $target for ${seconds}s"
  "$fuzzers" "$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=16384 -print_final_stats=0 \
    -verbosity=0 -artifact_prefix="$found/crash-" "$found" "Tests/Fuzz/$target" ||
    { echo "fuzz: $target failed; the input is in $found" >&2; exit 1; }
done
echo "fuzz: ${#targets[@]} targets, ${seconds}s each, no crash"
