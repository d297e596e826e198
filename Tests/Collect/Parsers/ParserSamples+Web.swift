import CordonModel

extension ParserSamples {
    static let web: [ParserSample] = [
        ParserSample(
            "nginx",
            "192.0.2.7 - bob [29/Jul/2023:10:26:06 -0700] \"GET /a/b?x=1&y HTTP/1.1\" 404 157 \"http://r/\" \"curl/7\" \"-\"",
            "http_request",
            [
                .sourceIP: .text("192.0.2.7"), .userName: .text("bob"), .httpRequestMethod: .text("GET"),
                .urlOriginal: .text("/a/b?x=1&y"), .urlPath: .text("/a/b"), .urlQuery: .text("x=1&y"),
                .httpVersion: .text("1.1"), .httpResponseStatus: .number(404), .httpResponseBytes: .number(157),
                .httpRequestReferrer: .text("http://r/"), .userAgent: .text("curl/7"), .eventOutcome: .text("failure"),
                .eventDataset: .text("nginx.access"),
            ]),
        ParserSample(
            "apache", "www.example.org:8443 2001:db8::7 - - [30/Sep/2021:08:00:55 +0000] \"GET / HTTP/2.0\" 200 -",
            "http_request",
            [
                .urlDomain: .text("www.example.org"), .destinationPort: .number(8443), .sourceIP: .text("2001:db8::7"),
                .eventOutcome: .text("success"), .eventDataset: .text("apache.access"),
            ]),
        ParserSample(
            "apache", "client.example - - [30/Sep/2021:08:00:55 +0000] \"GET / HTTP/1.0\" 304 -", "http_request",
            [.sourceAddress: .text("client.example"), .httpResponseStatus: .number(304)]),
        ParserSample(
            "nginx",
            "192.0.2.7 - x [01/Jan/2020:00:00:00 +0000] 6.6.6.6 - y [29/Jul/2023:10:26:06 -0700] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"",
            "http_request",
            [
                .sourceIP: .text("192.0.2.7"),
                .userName: .text("x [01/Jan/2020:00:00:00 +0000] 6.6.6.6 - y"),
            ]),
        ParserSample(
            "apache",
            "192.0.2.7 - - [29/Jul/2023:10:26:06 +0000] \"GET /\\\" 200 1 \\\"-\\\" HTTP/1.1\" 403 9 \"-\" \"a \\\"b\\\" c\"",
            "http_request",
            [
                .urlOriginal: .text("/\\\" 200 1 \\\"-\\\""), .httpResponseStatus: .number(403),
                .userAgent: .text("a \\\"b\\\" c"),
            ]),
        ParserSample(
            "nginx", "192.0.2.7 - - [29/Jul/2023:10:26:06 -0700] \"\\x16\\x03\\x01\\x00t\" 400 157 \"-\" \"-\"",
            "http_request",
            [.urlOriginal: .text("\\x16\\x03\\x01\\x00t"), .eventReason: .text("malformed_request")]),
        ParserSample(
            "nginx", "192.0.2.7 - - [29/Jul/2023:10:26:06 -0700] \"\" 400 0 \"-\" \"-\"", "http_request",
            [.httpResponseStatus: .number(400)]),
        ParserSample(
            "apache",
            "192.0.2.7 - - [29/Jul/2023:10:26:06 +0000] \"GET http://evil.example:81/x?y HTTP/1.1\" 200 5 \"-\" \"-\"",
            "http_request",
            [
                .urlDomain: .text("evil.example"), .destinationPort: .number(81), .urlPath: .text("/x"),
                .urlQuery: .text("y"),
            ]),
        ParserSample(
            "nginx", "192.0.2.7 - - [29/Jul/2023:10:26:06 +0000] \"CONNECT a.example:443 HTTP/1.1\" 400 5 \"-\" \"-\"",
            "http_request", [.httpRequestMethod: .text("CONNECT"), .urlOriginal: .text("a.example:443")]),
    ]

    static let webErrors: [ParserSample] = [
        ParserSample(
            "nginx",
            "2021/09/30 09:23:53 [error] 19#20: *17 user \"foo\" was not found in \"/tmp/h\", client: 192.0.2.7, server: foo.example, request: \"GET /p HTTP/1.1\", host: \"localhost\"",
            "http_login",
            [
                .sourceIP: .text("192.0.2.7"), .userName: .text("foo"), .eventOutcome: .text("failure"),
                .urlDomain: .text("foo.example"), .urlPath: .text("/p"), .processPID: .number(19),
                .logLevel: .text("error"), .eventDataset: .text("nginx.error"),
            ]),
        ParserSample(
            "nginx",
            "2021/09/30 09:23:53 [error] 19#20: *17 user \"a\" was not found in \"b\": password mismatch, client: 192.0.2.7, server: _, request: \"GET /, client: 6.6.6.6, server: x HTTP/1.1\", host: \"h\"",
            "http_login", [.sourceIP: .text("192.0.2.7")]),
        ParserSample(
            "nginx",
            "2021/09/30 09:23:53 [error] 19#20: *17 open() \"/x, client: 6.6.6.6, server: y\" failed (2: No such file or directory), client: 192.0.2.7, server: _, request: \"GET /x HTTP/1.1\", host: \"h\"",
            "http_error", [.tags: .texts(["ambiguous"])]),
        ParserSample(
            "nginx",
            "2021/09/30 09:23:53 [error] 19#20: *1 limiting requests, excess: 5.0 by zone \"z\", client: 192.0.2.7, server: _, request: \"GET / HTTP/1.1\", host: \"h\"",
            "http_limited", [.sourceIP: .text("192.0.2.7")]),
        ParserSample(
            "nginx", "2021/09/30 09:23:53 [notice] 1#1: signal process started", "http_error",
            [.logLevel: .text("notice")]),
        ParserSample(
            "apache",
            "[Thu Sep 30 13:27:06.009964 2021] [auth_basic:error] [pid 2560:tid 140] [client 192.0.2.7:37752] AH01617: user foo: authentication failure for \"/x\": Password Mismatch",
            "http_login",
            [
                .sourceIP: .text("192.0.2.7"), .sourcePort: .number(37_752), .userName: .text("foo"),
                .urlPath: .text("/x"), .eventCode: .text("AH01617"), .processPID: .number(2560),
                .logLevel: .text("error"),
            ]),
        ParserSample(
            "apache", "[Thu Sep 30 13:27:06 2021] [error] [client 192.0.2.7] user foo not found: /x", "http_login",
            [.sourceIP: .text("192.0.2.7"), .userName: .text("foo"), .urlPath: .text("/x")]),
        ParserSample(
            "apache",
            "[Thu Sep 30 13:27:06.009964 2021] [authz_core:error] [pid 1] [client ::1:5] AH01630: client denied by server configuration: /var/www/x",
            "http_denied", [.sourceIP: .text("::1"), .filePath: .text("/var/www/x")]),
        ParserSample(
            "apache",
            "[Thu Sep 30 13:27:06.009964 2021] [core:error] [pid 1] (13)Permission denied: [client 192.0.2.7:5] AH00035: access to /x denied",
            "http_error", [.sourceIP: .text("192.0.2.7")]),
    ]
}
