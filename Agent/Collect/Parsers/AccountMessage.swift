internal import CordonModel
internal import CordonScan

/// What the tools of shadow write when accounts change: useradd, usermod, userdel, groupadd, groupmod, groupdel,
/// passwd, chage, chsh, chfn, gpasswd. Names come from an administrator and hold no quotes.
enum AccountMessage {
    static let programs = [
        "useradd", "usermod", "userdel", "adduser", "deluser", "groupadd", "groupmod", "groupdel", "passwd", "chpasswd",
        "chage", "chsh", "chfn", "gpasswd", "newusers", "groupmems", "vipw", "newgrp",
    ]

    @Sendable static func parse(_ message: ArraySlice<UInt8>, into event: inout Event) {
        event.name("system", dataset: "system.auth")
        let text = message.trimmed
        if PAMMessage.read(text, into: &event) { return }
        if added(text, &event) || membership(text, &event) || removed(text, &event) || changed(text, &event)
            || group(text, &event)
        {
            return
        }
        let failed = text.firstRange(of: "fail") != nil || text.firstRange(of: "can't") != nil
        event.classify(["iam"], ["info"], action: "account_message", outcome: failed ? "failure" : nil)
    }

    private static func note(_ kinds: [String], _ action: String, _ event: inout Event) {
        event.classify(["iam"], kinds, action: action, outcome: "success")
    }

    /// `new user: name=bob, UID=1001, GID=1001, home=/home/bob, …`, `new group: name=bob, GID=1001`, `group added to
    /// /etc/group: name=bob, GID=1001`.
    private static func added(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        if rest.take("new user: ") {
            note(["user", "creation"], "user_added", &event)
            event.set(.userTargetName, value("name=", in: rest))
            event.set(.userTargetID, value("UID=", in: rest))
            event.set(.groupID, value("GID=", in: rest))
        } else if rest.take("new group: ") || rest.take("group added to ") {
            note(["group", "creation"], "group_added", &event)
            event.set(.groupName, value("name=", in: rest))
            event.set(.groupID, value("GID=", in: rest))
        } else {
            return false
        }
        return true
    }

    /// The value of a word among others that end in commas.
    private static func value(_ key: StaticString, in text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let range = text.firstRange(of: key) else { return nil }
        return text[range.upperBound...].prefix { $0 != UInt8(ascii: ",") && $0 != 0x20 }
    }

    /// `add 'bob' to group 'sudo'`, `delete 'bob' from shadow group 'sudo'`; of gpasswd `user bob added by root to group
    /// sudo`.
    private static func membership(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        let removes = text.hasPrefix("delete '") || text.firstRange(of: " removed by ") != nil
        var rest = text
        if rest.take("add '") || rest.take("delete '") {
            guard let user = rest.take(until: "'"), rest.take(until: "group '") != nil else { return false }
            event.set(.userTargetName, user)
            event.set(.groupName, rest.take(until: "'"))
        } else if rest.take("user ") {
            guard let user = rest.take(until: " "), rest.take("added by ") || rest.take("removed by ") else {
                return false
            }
            event.set(.userTargetName, user)
            event.set(.userName, rest.word())
            guard let range = rest.lastRange(of: "group ") else { return false }
            event.set(.groupName, rest[range.upperBound...])
        } else {
            return false
        }
        note(["group", "change"], removes ? "group_member_removed" : "group_member_added", &event)
        return true
    }

    /// `delete user 'bob'`, `removed group 'bob' owned by 'bob'`, `group 'x' removed from /etc/group`.
    private static func removed(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        if rest.take("delete user '") {
            note(["user", "deletion"], "user_deleted", &event)
            event.set(.userTargetName, rest.take(until: "'"))
        } else if rest.take("removed group '") || rest.take("removed shadow group '")
            || rest.firstRange(of: "' removed") != nil && rest.take("group '")
        {
            note(["group", "deletion"], "group_deleted", &event)
            event.set(.groupName, rest.take(until: "'"))
        } else {
            return false
        }
        return true
    }

    /// `change user 'bob' shell from 'A' to 'B'`, `lock user 'bob' password`, `password for 'bob' changed by 'root'`,
    /// `changed password expiry for bob`, `changed user 'bob' shell to 'B'`.
    private static func changed(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        if rest.take("change user name '") {
            note(["user", "change"], "user_renamed", &event)
            event.set(.userTargetName, rest.take(until: "' to '"))
            event.set(.userChangesName, rest.take(until: "'"))
        } else if rest.take("change user '") || rest.take("changed user '") {
            let user = rest.take(until: "' ")
            note(["user", "change"], rest.hasPrefix("password") ? "password_changed" : "user_changed", &event)
            event.set(.userTargetName, user)
            event.set(.eventReason, rest.prefix(200))
        } else if rest.take("lock user '") || rest.take("unlock user '") {
            note(["user", "change"], text.hasPrefix("lock") ? "user_locked" : "user_unlocked", &event)
            event.set(.userTargetName, rest.take(until: "'"))
        } else if rest.take("password for '") {
            note(["user", "change"], "password_changed", &event)
            event.set(.userTargetName, rest.take(until: "'"))
            if rest.take(until: " by '") != nil { event.set(.userName, rest.take(until: "'")) }
        } else if rest.take("changed password expiry for ") {
            note(["user", "change"], "password_expiry_changed", &event)
            event.set(.userTargetName, rest)
        } else {
            return false
        }
        return true
    }

    /// `group changed in /etc/group (group bob/1001, new name: rob)`, `members of group sudo set by root to a,b`.
    private static func group(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        if rest.take("group changed in "), rest.take(until: "(group ") != nil {
            event.set(.groupName, rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ",") })
        } else if rest.take("members of group "), let group = rest.take(until: " set by ") {
            event.set(.groupName, group)
            event.set(.userName, rest.word())
        } else {
            return false
        }
        note(["group", "change"], "group_changed", &event)
        return true
    }
}
