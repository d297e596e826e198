internal import Dispatch
internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// A headless Chromium, steered by the DevTools protocol over a pair of pipes: JSON messages, each ended by a zero byte.
package final class WebBrowser: Sendable {
    /// Where Chromium is; `nil` when it is not installed.
    package static let path = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
        unsafe access($0 as String, X_OK) == 0
    }

    /// Why the browser did not do what was asked, in a sentence.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private struct State {
        var next = 0
        var waiting: [Int: CheckedContinuation<Answer, any Error>] = [:]
        var complaints: [String] = []
        var session: String?
        var hasEnded = false
    }

    private let process: pid_t
    private let commands: Int32
    private let profile: String
    private let state = Mutex(State())

    /// Starts the browser with one empty page that notes each violation of a page's policy.
    /// - Parameter more: further arguments of Chromium.
    package init(_ more: [String] = []) async throws {
        guard let program = Self.path else { throw Failure(description: "Chromium is not installed") }
        profile = "/tmp/cordon-browser-\(UInt64.random(in: 0 ... .max))"
        let (child, toChild, fromChild) = try Self.spawn(program, more, profile: profile)
        process = child
        commands = toChild
        DispatchQueue(label: "browser").async { self.read(fromChild) }
        guard let target = try await send("Target.createTarget", ["url": .text("about:blank")]).targetId else {
            throw Failure(description: "no page")
        }
        let session = try await send("Target.attachToTarget", ["targetId": .text(target), "flatten": .flag(true)])
            .sessionId
        state.withLock { $0.session = session }
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] { _ = try await send(domain) }
        let watch =
            "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))"
        _ = try await send("Page.addScriptToEvaluateOnNewDocument", ["source": .text(watch)])
    }

    /// What pages complained of: policy violations, exceptions, errors on the console.
    package var complaints: [String] { state.withLock { $0.complaints } }

    /// From now on only what pages complain of afterwards counts.
    package func forgetComplaints() { state.withLock { $0.complaints = [] } }

    // MARK: - What a person does

    /// Opens an address and waits until it is there.
    package func open(_ address: String) async throws {
        _ = try await send("Page.navigate", ["url": .text(address)])
        try await wait(for: "document.readyState === 'complete' && location.href !== 'about:blank'")
    }

    /// The value of a JavaScript expression as text.
    package func value(_ expression: String) async throws -> String {
        let source =
            "(() => { const v = (\(expression)); return typeof v === 'string' ? v : JSON.stringify(v) ?? 'undefined'; })()"
        let answer = try await send(
            "Runtime.evaluate", ["expression": .text(source), "returnByValue": .flag(true), "userGesture": .flag(true)])
        if let fault = answer.exceptionDetails?.text { throw Failure(description: "\(fault): \(expression)") }
        return answer.result?.value ?? ""
    }

    /// Waits until the expression is true: a page that is changing may not even be able to say so.
    package func wait(for expression: String, seconds: Int = 20) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if await (try? value(expression)) == "true" { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        let page = (try? await value("document.body.innerText")) ?? ""
        throw Failure(description: "never true: \(expression)\n\(complaints.joined(separator: "\n"))\n\(page)")
    }

    /// Puts text into a control as typing does.
    package func type(_ text: String, into selector: String) async throws {
        _ = try await value("(document.querySelector('\(selector)').focus(), true)")
        _ = try await send("Input.insertText", ["text": .text(text)])
    }

    /// Presses a control.
    package func click(_ selector: String) async throws {
        _ = try await value("(document.querySelector('\(selector)').click(), true)")
    }

    /// Plugs a security key of the person's own in, made of software; somebody touches it at once.
    /// - Parameter verifies: whether it knows who is there, as by a PIN.
    package func addSecurityKey(verifies: Bool = true) async throws {
        _ = try await send("WebAuthn.enable")
        let options: [String: Argument] = [
            "protocol": .text("ctap2"), "transport": .text("usb"), "hasUserVerification": .flag(true),
            "isUserVerified": .flag(verifies), "automaticPresenceSimulation": .flag(true),
        ]
        _ = try await send("WebAuthn.addVirtualAuthenticator", ["options": .fields(options)])
    }

    /// A picture of the page as PNG.
    package func picture(width: Int, height: Int) async throws -> [UInt8] {
        let size: [String: Argument] = [
            "width": .number(width), "height": .number(height), "deviceScaleFactor": .number(1), "mobile": .flag(false),
        ]
        _ = try await send("Emulation.setDeviceMetricsOverride", size)
        let answer = try await send("Page.captureScreenshot", ["format": .text("png")])
        return answer.data.flatMap { Data(base64Encoded: $0) }.map { Array($0) } ?? []
    }

    /// From now on the browser runs no script of a page.
    package func turnScriptsOff() async throws {
        _ = try await send("Emulation.setScriptExecutionDisabled", ["value": .flag(true)])
    }

    /// The value of a cookie, also of those that scripts may not see.
    package func cookie(_ name: String) async throws -> String? {
        try await send("Network.getCookies").cookies?.first { $0.name == name }?.value
    }

    /// Ends the browser and waits for it.
    package func close() async {
        _ = try? await send("Browser.close", inPage: false)
        let child = process
        await withCheckedContinuation { done in
            DispatchQueue(label: "browser end").async {
                var status: Int32 = 0
                unsafe waitpid(child, &status, 0)
                done.resume()
            }
        }
        Glibc.close(commands)
        try? FileManager.default.removeItem(atPath: profile)
    }

    // MARK: - The protocol

    enum Argument: Encodable {
        case text(String)
        case flag(Bool)
        case number(Int)
        indirect case fields([String: Argument])

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .flag(let flag): try container.encode(flag)
            case .number(let number): try container.encode(number)
            case .fields(let fields): try container.encode(fields)
            }
        }
    }

    private struct Command: Encodable {
        let id: Int
        let method: String
        let params: [String: Argument]
        let sessionId: String?
    }

    struct Answer: Decodable, Sendable {
        struct Value: Decodable {
            let value: String?
        }
        struct Fault: Decodable {
            struct Thrown: Decodable {
                let description: String?
            }
            let text: String?
            let exception: Thrown?
        }
        var targetId: String?
        var sessionId: String?
        var data: String?
        var result: Value?
        var exceptionDetails: Fault?
        var cookies: [Cookie]?

        struct Cookie: Decodable {
            let name: String
            let value: String
        }
    }

    private struct Message: Decodable {
        struct Fault: Decodable {
            let message: String
        }
        struct Entry: Decodable {
            let level: String
            let text: String
        }
        struct Parameters: Decodable {
            let entry: Entry?
            let type: String?
            let args: [Argument]?
            let exceptionDetails: Answer.Fault?

            struct Argument: Decodable {
                let value: String?

                private enum Key: CodingKey { case value }

                init(from decoder: any Decoder) throws {
                    value = try? decoder.container(keyedBy: Key.self).decode(String.self, forKey: .value)
                }
            }
        }
        let id: Int?
        let method: String?
        let params: Parameters?
        let result: Answer?
        let error: Fault?
    }

    private func send(_ method: String, _ arguments: [String: Argument] = [:], inPage: Bool = true) async throws
        -> Answer
    {
        try await withCheckedThrowingContinuation { continuation in
            let prepared = state.withLock { state -> (id: Int, session: String?)? in
                guard !state.hasEnded else { return nil }
                state.next += 1
                state.waiting[state.next] = continuation
                return (state.next, state.session)
            }
            guard let prepared else {
                return continuation.resume(throwing: Failure(description: "the browser has ended"))
            }
            let command = Command(
                id: prepared.id, method: method, params: arguments, sessionId: inPage ? prepared.session : nil)
            do {
                try write(Array(JSONEncoder().encode(command)) + [0])
            } catch {
                state.withLock { $0.waiting.removeValue(forKey: prepared.id) }?.resume(throwing: error)
            }
        }
    }

    private func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(commands, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure(description: "the browser does not listen: errno \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads messages until the browser ends; blocks its own thread.
    private func read(_ descriptor: Int32) {
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            pending += buffer[..<count]
            while let end = pending.firstIndex(of: 0) {
                hear(Data(pending[..<end]))
                pending.removeSubrange(...end)
            }
        }
        Glibc.close(descriptor)
        let waiting = state.withLock { state in
            state.hasEnded = true
            defer { state.waiting = [:] }
            return state.waiting.values.map { $0 }
        }
        for continuation in waiting { continuation.resume(throwing: Failure(description: "the browser ended")) }
    }

    private func hear(_ json: Data) {
        guard let message = try? JSONDecoder().decode(Message.self, from: json) else { return }
        if let id = message.id {
            let continuation = state.withLock { $0.waiting.removeValue(forKey: id) }
            if let error = message.error {
                continuation?.resume(throwing: Failure(description: error.message))
            } else {
                continuation?.resume(returning: message.result ?? Answer())
            }
            return
        }
        let complaint: String? =
            switch message.method {
            case "Log.entryAdded": message.params?.entry.flatMap { $0.level == "error" ? $0.text : nil }
            case "Runtime.exceptionThrown": message.params?.exceptionDetails?.exception?.description ?? "exception"
            case "Runtime.consoleAPICalled" where message.params?.type == "error":
                message.params?.args?.compactMap(\.value).joined(separator: " ")
            default: nil
            }
        if let complaint { state.withLock { $0.complaints.append(complaint) } }
    }

    // MARK: - The process

    private static func spawn(_ program: String, _ more: [String], profile: String) throws -> (
        pid_t, toChild: Int32, fromChild: Int32
    ) {
        let (commandEnd, toChild) = try pipe()
        let (fromChild, answerEnd) = try pipe()
        defer {
            Glibc.close(commandEnd)
            Glibc.close(answerEnd)
        }
        let arguments =
            [
                program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                "--disable-extensions", "--disable-dev-shm-usage",
                "--disable-background-networking", "--remote-debugging-pipe", "--user-data-dir=\(profile)",
            ] + more + ["about:blank"]
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, commandEnd, 3)
        unsafe posix_spawn_file_actions_adddup2(&actions, answerEnd, 4)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe words.indices { unsafe free(words[index]) } }
        var child: pid_t = 0
        let code = unsafe posix_spawn(&child, program, &actions, nil, &words, environ)
        guard code == 0 else { throw Failure(description: "Chromium does not start: errno \(code)") }
        return (child, toChild, fromChild)
    }

    /// A pipe whose ends are above those that the browser expects its own on.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard unsafe Glibc.pipe(&ends) == 0 else { throw Failure(description: "no pipe: errno \(errno)") }
        let moved = ends.map { end in
            let higher = fcntl(end, F_DUPFD_CLOEXEC, 64)
            Glibc.close(end)
            return higher
        }
        return (moved[0], moved[1])
    }
}
