#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Both README commands on a bare Debian 12: a minbase root made by debootstrap (once; each run gets
# a fresh copy), a clean clone of this repository's last commit in it, and then `./shilling demo`
# and `./shilling test`, nothing else typed. The demo must show its table and a picture, and clear
# up on Ctrl-C. Needs root, debootstrap, and the machine's own way to its Debian mirror and npm.
#
# usage: tests/bare/bare.sh [--dir DIR] [--only STAGE,...] [--all] [--skip-test]
#        [--keep]
#   --dir DIR    where everything goes (build/bare); nothing outside it is touched
#   --only ...   a quick run: only these stages of `./shilling test`
#   --all        the test at its full counts, which takes well over an hour
#   --skip-test  only the demo
#   --keep       go on in the last run's root, with what is installed there

set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)

dir=$here/build/bare
only=
full=false
keep=false
with_test=true
while [ $# -gt 0 ]; do
    case $1 in
    --dir) dir=$2 && shift ;;
    --only) only=$2 && shift ;;
    --all) full=true ;;
    --skip-test) with_test=false ;;
    --keep) keep=true ;;
    *) sed -n '9,16s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
    esac
    shift
done
dir=$(realpath -m "$dir")
base=$dir/base
root=$dir/root

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
die() { printf 'bare: %s\n' "$*" >&2 && exit 1; }

[ "$(id -u)" -eq 0 ] || die "needs root, for debootstrap and chroot"
command -v debootstrap >/dev/null || die "needs debootstrap: apt-get install debootstrap"
mkdir -p "$dir"
exec 9>"$dir/lock"
flock -n 9 || die "another run is using $dir"

# Processes that run in our root, by their own word: nobody else's can.
inside() {
    local process
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/root" 2>/dev/null)" != "$root" ] ||
            printf '%s\n' "${process#/proc/}"
    done
}

unmount_all() {
    local at
    for at in dev/shm dev/pts proc; do
        while mountpoint -q "$root/$at"; do
            umount "$root/$at" || umount -l "$root/$at"
        done
    done
}

# shellcheck disable=SC2317  # called by the trap
cleanup() {
    local pid
    for pid in $(inside); do
        kill -KILL "$pid" 2>/dev/null || true
    done
    unmount_all
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# The mirror that this machine uses for bookworm, from either format of apt's lists.
mirror() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources \
        2>/dev/null | sed -nE -e 's/^deb (\[[^]]*\] )?(http[^ ]*\/debian\/?) bookworm .*/\2/p' \
        -e 's/^URIs: *(http[^ ]*\/debian\/?)( .*)?$/\1/p' | head -n 1
}

make_base() {
    local from
    [ ! -e "$base/etc/debian_version" ] || return 0
    from=$(mirror)
    say "making a bare bookworm root in $base (once)"
    rm -rf "$base.new"
    [ -n "$from" ] || die "this machine has no Debian mirror in its apt sources"
    debootstrap --variant=minbase bookworm "$base.new" "$from" >"$dir/debootstrap.log" 2>&1 ||
        { tail "$dir/debootstrap.log" && die "debootstrap failed"; }
    rm -rf "$base.new"/var/cache/apt/archives/*.deb
    mv "$base.new" "$base"
}

# What a machine needs to reach its mirrors at all: names, proxies, the certificates it trusts.
bring_network() {
    local file
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
        grep -qsE 'Acquire::[a-z]+::Proxy' "$file" || continue
        cp "$file" "$root/etc/apt/apt.conf.d/80host-${file##*/}"
    done
    file=${NODE_EXTRA_CA_CERTS:-}
    if [ -r "$file" ]; then
        cp -L "$file" "$root/etc/host-certificates.pem"
    fi
}

make_root() {
    local file
    if ! $keep || [ ! -d "$root" ]; then
        say "a fresh copy of it in $root"
        rm -rf --one-file-system "$root"
        cp -a --reflink=auto "$base" "$root"
    fi
    bring_network
    rm -rf "$root/home/shilling"
    git clone -q --no-hardlinks "$here" "$root/home/shilling"
    mount -t proc proc "$root/proc"
    mount --bind /dev/pts "$root/dev/pts"
    mount --bind /dev/shm "$root/dev/shm"
}

# A command in the root, as its root user, with nothing of this machine's environment but its way
# to the network. Replaces the shell: the caller's $! is the command.
enter() {
    local certificates=() name
    if [ -e "$root/etc/host-certificates.pem" ]; then
        certificates=(NODE_EXTRA_CA_CERTS=/etc/host-certificates.pem
            npm_config_cafile=/etc/host-certificates.pem)
    fi
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY \
        npm_config_registry; do
        [ -z "${!name:-}" ] || certificates+=("$name=${!name}")
    done
    exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        TERM=dumb "${certificates[@]}" chroot "$root" sh -c 'cd /home/shilling && exec "$@"' - "$@"
}

run_demo() {
    local log=$dir/demo.log pid waited=0
    say "./shilling demo   (log: $log)"
    (enter ./shilling demo) >"$log" 2>&1 &
    pid=$!
    until grep -q 'what to try' "$log"; do
        kill -0 "$pid" 2>/dev/null || { tail -n 40 "$log" && die "the demo ended by itself"; }
        [ "$waited" -lt 2400 ] || die "no table after 40 minutes, see $log"
        sleep 1
        waited=$((waited + 1))
    done
    sed -n '/^what runs/,$p' "$log"
    sleep 5
    (enter ./shilling screenshot /home/demo.png) >>"$log" 2>&1 || die "no picture of it, see $log"
    mv "$root/home/demo.png" "$dir/demo.png"
    check_picture
    say "Ctrl-C"
    kill -INT "$pid"
    wait "$pid" || die "the demo ended with $? after Ctrl-C"
    [ -z "$(inside)" ] || die "the demo left processes behind: $(inside | tr '\n' ' ')"
    say "the demo: table, picture ($dir/demo.png), and nothing left after Ctrl-C"
}

# A page with a design on it has many colours; an empty or a black screen has few.
check_picture() {
    local colours
    colours=$( (enter identify -format %k - <"$dir/demo.png") )
    [ "$colours" -gt 100 ] || die "the demo's screen has only $colours colours: see $dir/demo.png"
}

run_test() {
    local log=$dir/test.log options=()
    if $full; then
        options+=(--all)
    fi
    [ -z "$only" ] || options+=(--only "$only")
    say "./shilling test ${options[*]}   (log: $log)"
    (enter ./shilling test "${options[@]}") 2>&1 | tee "$log" |
        grep -E '^(ok|FAIL|[0-9]+ passed)' || true
    tail -n 1 "$log" | grep -qE '^[1-9][0-9]* passed, 0 failed$' || die "see $log"
}

main() {
    make_base
    unmount_all
    make_root
    run_demo
    if $with_test; then
        run_test
    fi
    say "bare Debian 12: passed"
}

main
exit 0
