# What the scripts share. Source it; it goes to the root of the tree.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

say() { printf '== %s\n' "$*"; }

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Compilers at a time: one for each core, and each wants up to 1.5 GiB of memory.
jobs() {
  local cores gib
  cores=$(nproc)
  gib=$(awk '/^MemAvailable:/ { print int($2 / 1024 / 1536) }' /proc/meminfo)
  if [ "${gib:-1}" -lt "$cores" ]; then cores=$gib; fi
  if [ "$cores" -lt 1 ]; then cores=1; fi
  echo "$cores"
}

# quietly LOG COMMAND...: runs it; when it fails, the end of its output is shown, without ninja's progress. All is
# in LOG.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1; then
    grep -vE '^\[[0-9]+/[0-9]+\] ' "$log" | tail -n 40 >&2
    fail "\"$*\" failed; its whole output is in $log"
  fi
}

# gangway_processes DIRECTORY: the ids of processes whose program lies in DIRECTORY and that are not just ending.
gangway_processes() {
  local process program
  for process in /proc/[0-9]*; do
    program=$(readlink "$process/exe" 2>/dev/null) || continue
    case $program in "$1"/*) echo "${process#/proc/}" ;; esac
  done
}

# gangway_shared_memory: the files of this account in shared memory, one in a line.
gangway_shared_memory() {
  find /dev/shm -maxdepth 1 -name "gangway.$(id -u).*" 2>/dev/null | sort
}

# gangway_sockets: the paths of the sockets that clusters of this account have bound, which lie in their scratch
# directories.
gangway_sockets() {
  awk -v own="/gangway.$(id -u)." 'index($NF, own) { print $NF }' /proc/net/unix | sort -u
}

# named_by_a_process TEXT: whether some process was started with TEXT in an argument.
named_by_a_process() {
  grep -lqsF -- "$1" $(find /proc -maxdepth 2 -path '/proc/[0-9]*/cmdline' ! -path "/proc/$$/*" 2>/dev/null)
}
