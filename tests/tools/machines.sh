# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154 # what live.sh sets
# Machines for live tests (tests/tools/live.sh comes first): each has a network, processes, and a
# sshd of its own, and ends with all that runs on it.  10.9.N.2 is reached from here, what is wired to
# another machine is not.  tests/tools/own_network.sh comes before.

machines=$work/machines keepers=''
ssh_port=2222
mkdir -p "$machines/bin"
ssh-keygen -q -t ed25519 -N '' -f "$machines/key"
unset ERL_EPMD_PORT

# What relevo finds as ssh has a configuration of the test's.
cat >"$machines/config" <<CONFIG
Host *
  User $(id -un)
  Port $ssh_port
  IdentityFile $machines/key
  IdentitiesOnly yes
  UserKnownHostsFile $machines/known
  StrictHostKeyChecking yes
CONFIG
real_ssh=$(command -v ssh)
cat >"$machines/bin/ssh" <<SSH
#!/bin/sh
exec $real_ssh -F $machines/config "\$@"
SSH
chmod +x "$machines/bin/ssh"
export PATH="$machines/bin:$PATH"

# A machine is off at once.
end_machines () {
  for keeper in $keepers; do ! is_ours "$keeper" || kill -9 "$keeper"; done
  clean_up
}
trap end_machines EXIT

# on MACHINE COMMAND...: there.
on () {
  eval "on=\$machine_$1"
  shift
  # shellcheck disable=SC2154 # set by eval
  nsenter --net --mount --pid --target "$on" -- "$@"
}

# machine NAME: one that runs nothing but its first process, which waits for those that lose their parent.
machine () {
  mkdir -p "$machines/$1"
  # shellcheck disable=SC2016 # of the shell inside
  unshare --net --mount --pid --fork --mount-proc --kill-child sh -c '
    mount -t tmpfs tmpfs /run && mkdir /run/sshd && ip link set lo up && echo >"$1"
    while :; do sleep 1; done' machine "$machines/$1/ready" &
  eval "keeper_$1=$!"
  keepers="$keepers $!"
  wait_for 30 test -e "$machines/$1/ready" || fail "no machine $1"
  eval "machine_$1=$(pgrep -P $!)"
  ssh-keygen -q -t ed25519 -N '' -f "$machines/$1/host"
}

# wire MACHINE NET [MACHINE]: a cable to here, or to another machine, whose end is 10.9.NET.1.
wire () {
  eval "wire=\$machine_$1"
  ip link add "to$2" type veth peer name eth"$2"
  # shellcheck disable=SC2154
  ip link set "eth$2" netns "$wire"
  on "$1" ip addr add "10.9.$2.2/24" dev "eth$2"
  on "$1" ip link set "eth$2" up
  if [ -n "${3:-}" ]; then
    eval "wire=\$machine_$3"
    ip link set "to$2" netns "$wire"
    on "$3" ip addr add "10.9.$2.1/24" dev "to$2"
    on "$3" ip link set "to$2" up
  else
    ip addr add "10.9.$2.1/24" dev "to$2"
    ip link set "to$2" up
  fi
  printf '[10.9.%s.2]:%s %s\n' "$2" "$ssh_port" "$(cut -d' ' -f1,2 "$machines/$1/host.pub")" >>"$machines/known"
}

# start_sshd MACHINE [LINE]: with a line more of configuration.
start_sshd () {
  cat >"$machines/$1/sshd_config" <<CONFIG
Port $ssh_port
HostKey $machines/$1/host
PidFile none
AuthorizedKeysFile $machines/key.pub
StrictModes no
UsePAM no
PermitRootLogin yes
MaxStartups 100
${2:-}
CONFIG
  on "$1" "$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$machines/$1/sshd_config" -E "$machines/$1/sshd.log" &
  pids="$pids $!"
  eval "sshd_$1=$!"
  wait_for 30 sshd_listens "$1" || fail "no sshd on $1: $(cat "$machines/$1/sshd.log")"
}
sshd_listens () { grep -q 'Server listening' "$machines/$1/sshd.log"; }
# stop_sshd MACHINE: with the connections that it has; it sees no process but those of its own machine.
stop_sshd () {
  on "$1" pkill -KILL sshd || true
  : >"$machines/$1/sshd.log"
}
