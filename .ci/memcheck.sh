#!/usr/bin/env bash
# Runs the test programs of the crates with unsafe code below GStreamer under valgrind's memcheck: invalid reads and writes,
# uses of uninitialised values and definite leaks are failures.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v valgrind >/dev/null || { echo "valgrind is needed: apt-get install valgrind" >&2; exit 2; }

# Each case takes some fifty times as long; valgrind runs one thread at a time.
export PROPTEST_CASES=32 RUST_TEST_THREADS=1 RAYON_NUM_THREADS=2 SAVANT_BACKEND=host
# GLib's allocator would hide what GStreamer frees.
export G_SLICE=always-malloc G_DEBUG=gc-friendly

mapfile -t programs < <(
    cargo test --release --locked --no-run --message-format=json \
        --package nvbufsurface-sys --package savant-surfaces --lib --test abi |
        python3 -c 'import json, sys
for line in sys.stdin:
    program = json.loads(line).get("executable")
    if program:
        print(program)'
)
[ "${#programs[@]}" -eq 3 ] || { echo "expected 3 test programs, found: ${programs[*]}" >&2; exit 2; }

for program in "${programs[@]}"; do
    echo "==> ${program##*/}"
    (
        # Tests look for their files beside the manifest of their crate.
        case "${program##*/}" in
            savant_surfaces*) cd crates/surfaces ;;
            *) cd crates/nvbufsurface-sys ;;
        esac
        valgrind --quiet --error-exitcode=3 --leak-check=full --show-leak-kinds=definite \
            --errors-for-leak-kinds=definite --num-callers=30 --gen-suppressions=all \
            --suppressions=../../.ci/valgrind.supp "$program" "$@"
    )
done
