extension Lab {
    /// What the keeper runs. Everything that it changes is private to the lab: `/run`, `/dev`, `/etc/passwd` and the like
    /// are mounts of its own, so that neither users nor sockets of the machine are touched.
    static var script: String {
        """
        set -eu
        lab=$1
        exec 2>"$lab/lab.log"
        mount --make-rprivate /

        mount -t tmpfs -o mode=755 lab /run
        mkdir -p /run/netns /run/utsns /run/sshd

        mkdir -p "$lab/dev"
        mount -t tmpfs -o mode=755 lab "$lab/dev"
        mkdir -p "$lab/dev/pts" "$lab/dev/shm"
        for device in null zero full random urandom tty; do
            : >"$lab/dev/$device"
            mount --bind "/dev/$device" "$lab/dev/$device"
        done
        mount -t devpts -o newinstance,ptmxmode=0666,mode=620 lab "$lab/dev/pts"
        ln -s pts/ptmx "$lab/dev/ptmx"
        ln -s /proc/self/fd "$lab/dev/fd"
        mount --rbind "$lab/dev" /dev

        # The lab's users: the agent's, and a person whose password the attacker finds.
        mkdir -p "$lab/etc" "$lab/home"
        chown 64124:64124 "$lab/home"
        hash=$(perl -e 'print crypt("sunshine1", q($6$cordonlab$))')
        grep -v -e '^cordon:' -e '^maria:' /etc/passwd >"$lab/etc/passwd"
        grep -v -e '^cordon:' -e '^maria:' /etc/group >"$lab/etc/group"
        grep -q '^sshd:' "$lab/etc/passwd" || echo 'sshd:x:64125:65534::/run/sshd:/usr/sbin/nologin' >>"$lab/etc/passwd"
        echo 'cordon:x:64123:64123::/nonexistent:/usr/sbin/nologin' >>"$lab/etc/passwd"
        echo "maria:x:64124:64124:Maria:$lab/home:/bin/sh" >>"$lab/etc/passwd"
        printf 'cordon:x:64123:\\nmaria:x:64124:\\n' >>"$lab/etc/group"
        printf 'root:*:19000:0:99999:7:::\\ncordon:!:19000::::::\\nmaria:%s:19000:0:99999:7:::\\n' "$hash" >"$lab/etc/shadow"
        chmod 600 "$lab/etc/shadow"
        for file in passwd group shadow; do mount --bind "$lab/etc/$file" "/etc/$file"; done

        settle() { # no duplicate address detection: nobody else is here, and it takes a second
            "$@" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad; echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
        }
        settle env
        ip link set lo up
        for network in "lan 10.77.0.1/24 fd77::1/64" "wan 203.0.113.1/24 2001:db8:66::1/64"; do
            set -- $network
            ip link add "$1" type bridge mcast_snooping 0
            ip link set "$1" up
            ip addr add "$2" dev "$1"
            ip addr add "$3" dev "$1" nodad
        done
        echo 1 >/proc/sys/net/ipv4/ip_forward
        echo 1 >/proc/sys/net/ipv6/conf/all/forwarding

        join() { # NAME NETWORK IPV4 IPV6 GATEWAY4 GATEWAY6
            ip netns add "$1"
            : >"/run/utsns/$1"
            unshare --uts="/run/utsns/$1" hostname "$1"
            settle nsenter --net="/run/netns/$1"
            ip link add "$1" type veth peer name eth0 netns "$1"
            ip link set "$1" master "$2" up
            ip -n "$1" link set lo up
            ip -n "$1" link set eth0 up
            ip -n "$1" addr add "$3/24" dev eth0
            ip -n "$1" addr add "$4/64" dev eth0 nodad
            ip -n "$1" route add default via "$5"
            ip -n "$1" -6 route add default via "$6"
        }
        \(Space.allCases.map(Self.join).joined(separator: "\n"))
        \(Space.allCases.map { "until ip -n \($0) -o link show eth0 | grep -q 'state UP'; do sleep 0.02; done" }.joined(separator: "\n"))
        echo ready
        cat
        # Whoever laid it out is gone, and may not have cleaned up.
        kill -9 -1 || true
        umount -l "$lab/dev" "$lab/lib" "$lab"/bin/* "$lab"/etc/* || true
        cd /
        rm -rf --one-file-system "$lab"
        """
    }

    private static func join(_ space: Space) -> String {
        "join \(space) \(space.network) \(space.ipv4) \(space.ipv6) \(space.gateways.0) \(space.gateways.1)"
    }
}
