// swift-tools-version: 6.3

// The house, room by room. Every target is declared by `module`, `tool`, `system` or `tests` below, so that settings
// and folders follow one rule. Who may import whom is law (ARCHITECTURE.md) and is checked by Tests/Linkage.

import PackageDescription

// MARK: - Settings of every target

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .treatWarning("DeprecatedDeclaration", as: .warning),
]

// `./dev fuzz` builds one program, in a scratch folder of its own, with our modules made so that libFuzzer sees their ways.
// Overflows and bounds are still checked: they are what it finds.
let isFuzzing = Context.environment["CORDON_FUZZ"] != nil
let ours: [SwiftSetting] = isFuzzing ? strict + [.unsafeFlags(["-sanitize=fuzzer", "-O"])] : strict

// The agent is to stay small: what no log line passes through is made for size, not for speed.
let small: [SwiftSetting] = isFuzzing ? [] : [.unsafeFlags(["-Osize"], .when(configuration: .release))]

// The index by which a program finds where it can catch a C++ exception: nothing of a daemon's is caught, and debuggers do
// without.
let smallProgram: [LinkerSetting] =
    isFuzzing ? [] : [.unsafeFlags(["-Xlinker", "--no-eh-frame-hdr"], .when(configuration: .release))]

func module(
    _ name: String, in path: String, uses: [Target.Dependency] = [], resources: [Resource]? = nil,
    isSmall: Bool = false
) -> Target {
    .target(
        name: name, dependencies: uses, path: path, resources: resources, swiftSettings: ours + (isSmall ? small : []))
}

func tool(_ name: String, in path: String, uses: [Target.Dependency], isSmall: Bool = false) -> Target {
    .executableTarget(
        name: name, dependencies: uses, path: path, swiftSettings: ours + (isSmall ? small : []),
        linkerSettings: isSmall ? smallProgram : [])
}

func tests(_ name: String, in path: String, uses: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: uses, path: path, swiftSettings: ours)
}

// MARK: - Third-party products

extension Target.Dependency {
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let cryptoExtras = product(name: "CryptoExtras", package: "swift-crypto")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    static let grpcCore = product(name: "GRPCCore", package: "grpc-swift-2")
    static let grpcProtobuf = product(name: "GRPCProtobuf", package: "grpc-swift-protobuf")
    static let grpcTransport = product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdTesting = product(name: "HummingbirdTesting", package: "hummingbird")
    static let hummingbirdTLS = product(name: "HummingbirdTLS", package: "hummingbird")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let logging = product(name: "Logging", package: "swift-log")
    static let mustache = product(name: "Mustache", package: "swift-mustache")
    static let nioCertificateReloading = product(name: "NIOCertificateReloading", package: "swift-nio-extras")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioHPACK = product(name: "NIOHPACK", package: "swift-nio-http2")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTP2 = product(name: "NIOHTTP2", package: "swift-nio-http2")
    static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
    static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioTLS = product(name: "NIOTLS", package: "swift-nio")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let protobuf = product(name: "SwiftProtobuf", package: "swift-protobuf")
    static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let swiftASN1 = product(name: "SwiftASN1", package: "swift-asn1")
    static let system = product(name: "SystemPackage", package: "swift-system")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let yams = product(name: "Yams", package: "Yams")
    static let x509 = product(name: "X509", package: "swift-certificates")
}

// MARK: - Common: what both sides share

let common: [Target] = [
    module("CordonModel", in: "Common/Model", isSmall: true),
    module("CordonScan", in: "Common/Scan", uses: ["CordonModel"]),
    module("CordonMatch", in: "Common/Match", uses: ["CordonModel", "CordonScan", "CPCRE2"]),
    module("CordonSigma", in: "Common/Sigma", uses: ["CordonModel", "CordonScan", "CordonMatch"], isSmall: true),
    module("CordonFrames", in: "Common/Frames", uses: ["CordonModel", "CLinux", .system], isSmall: true),
    module("CordonSettings", in: "Common/Settings", uses: ["CordonModel", "CordonScan", .system], isSmall: true),
    module("CordonSignals", in: "Common/Signals", uses: ["CordonModel", "CLinux", .logging], isSmall: true),
    module("CordonTrust", in: "Common/Trust", uses: ["CordonModel", .crypto, .x509, .swiftASN1], isSmall: true),
    module("CordonWire", in: "Common/Wire", uses: ["CordonModel", .protobuf]),
    module(
        "CordonOrders", in: "Common/Orders",
        uses: ["CordonModel", "CordonScan", "CordonTrust", "CordonWire", .protobuf, .crypto]),
    module(
        "CordonLink",
        in: "Common/Link",
        uses: ["CordonModel", "CordonWire", .protobuf, .grpcCore, .grpcProtobuf], isSmall: true
    ),
    .target(name: "CLinux", path: "Common/System/CLinux"),
    .systemLibrary(
        name: "CSystemd",
        path: "Common/System/CSystemd",
        pkgConfig: "libsystemd",
        providers: [.apt(["libsystemd-dev"])]
    ),
    .systemLibrary(
        name: "CZlib",
        path: "Common/System/CZlib",
        pkgConfig: "zlib",
        providers: [.apt(["zlib1g-dev"])]
    ),
    .systemLibrary(
        name: "CPCRE2",
        path: "Common/System/CPCRE2",
        pkgConfig: "libpcre2-8",
        providers: [.apt(["libpcre2-dev"])]
    ),
]

// MARK: - Agent: what runs on a watched host

let agent: [Target] = [
    .systemLibrary(name: "CYara", path: "Agent/Yara/CYara", pkgConfig: "yara", providers: [.apt(["libyara-dev"])]),
    // Apart from all that is ours, and in C: what it does is libyara's, and what it may do is given up before anything else.
    .executableTarget(
        name: "cordon-yara", dependencies: ["CYara"], path: "Agent/Yara", exclude: ["CYara"], swiftSettings: ours),
    module(
        "AgentCollect",
        in: "Agent/Collect",
        uses: ["AgentNetlink", "CordonModel", "CordonScan", "CSystemd", "CZlib", "CLinux", .system, .logging, .crypto]
    ),
    module(
        "AgentHunt", in: "Agent/Hunt", uses: ["CordonModel", "CordonWire", "AgentCollect", .crypto, .logging],
        isSmall: true),
    module("AgentDetect", in: "Agent/Detect", uses: ["CordonModel", "CordonSigma"], isSmall: true),
    module(
        "AgentSpool", in: "Agent/Spool", uses: ["CordonModel", "CordonWire", "CordonFrames", .system, .logging],
        isSmall: true),
    module(
        "AgentUplink",
        in: "Agent/Uplink",
        uses: [
            "CordonModel", "CordonWire", "CordonLink", "CordonTrust", "AgentHunt", "AgentSpool", .grpcCore,
            .grpcTransport, .nioCore, .nioPosix, .nioSSL, .protobuf, .logging, .serviceLifecycle,
        ], isSmall: true
    ),
    module("AgentNetlink", in: "Agent/Netlink", uses: ["CordonModel", "CLinux"], isSmall: true),
    module(
        "AgentEnforce",
        in: "Agent/Enforce",
        uses: [
            "AgentNetlink", "CordonModel", "CordonOrders", "CordonWire", "CordonTrust", "CordonSettings",
            "CordonFrames", "CordonScan", "CLinux",
            .system, .logging, .protobuf, .crypto,
        ]
    ),
    tool(
        "cordon-agent",
        in: "Agent/Daemon",
        uses: [
            "CordonModel", "CordonWire", "CordonTrust", "CordonSettings", "CordonSignals", "CordonScan", "AgentCollect",
            "AgentDetect", "AgentHunt", "AgentSpool", "AgentUplink", "CLinux", .argumentParser, .logging,
            .serviceLifecycle,
            .unixSignals, .system,
        ], isSmall: true
    ),
    tool(
        "cordon-enforcer",
        in: "Agent/Enforcer",
        uses: [
            "CordonModel", "CordonTrust", "CordonWire", "CordonSettings", "CordonSignals",
            "AgentEnforce", "CLinux",
            .argumentParser, .logging, .system, .protobuf,
        ]
    ),
]

// MARK: - Controller: what the SOC runs

let controller: [Target] = [
    module(
        "ControllerFleet",
        in: "Controller/Fleet",
        uses: [
            "CordonModel", "CordonOrders", "CordonWire", "CordonLink", "CordonTrust", .grpcCore, .grpcTransport,
            .nioCore, .nioPosix,
            .nioSSL, .nioTLS, .nioHTTP2, .nioHPACK, .protobuf, .x509, .swiftASN1, .crypto, .logging, .serviceLifecycle,
            "CLinux", .system,
        ]
    ),
    module("ControllerIntake", in: "Controller/Intake", uses: ["CordonModel", .logging]),
    module(
        "ControllerRules",
        in: "Controller/Rules",
        uses: ["CordonModel", "CordonScan", "CordonMatch", "CordonSigma", .yams, .logging]
    ),
    module("ControllerCases", in: "Controller/Cases", uses: ["CordonModel", .logging]),
    module(
        "ControllerPlaybooks", in: "Controller/Playbooks",
        uses: ["CordonModel", "CordonOrders", "CordonScan", .logging]),
    module("ControllerAccess", in: "Controller/Access", uses: ["CordonModel", .crypto, .cryptoExtras, .logging]),
    module(
        "ControllerStore",
        in: "Controller/Store",
        uses: [
            "CordonModel", "CordonOrders", "CordonScan", "CordonTrust", "CordonWire", "ControllerFleet",
            "ControllerIntake",
            "ControllerCases", "ControllerPlaybooks", "ControllerAccess", "ControllerRules", .grdb, .protobuf, .logging,
        ]
    ),
    module(
        "ControllerAPI",
        in: "Controller/API",
        uses: [
            "CordonModel", "CordonOrders", "CordonScan", "CordonTrust", "ControllerFleet", "ControllerIntake",
            "ControllerCases",
            "ControllerPlaybooks", "ControllerAccess", "ControllerRules", .hummingbird, .httpTypes, .nioCore,
            .nioHTTPTypes, .logging,
            .serviceLifecycle,
        ]
    ),
    module(
        "ControllerWeb",
        in: "Controller/Web",
        uses: [
            "CordonModel", "CordonOrders", "CordonTrust", "ControllerAPI", "ControllerFleet", "ControllerIntake",
            "ControllerCases", "ControllerPlaybooks", "ControllerAccess", "ControllerRules", .hummingbird, .httpTypes,
            .nioCore, .mustache, .logging,
        ],
        // In the binary itself, so that the console needs no folder beside it.
        resources: [.embedInCode("Templates"), .embedInCode("Assets")]
    ),
    tool(
        "cordon-controller",
        in: "Controller/Daemon",
        uses: [
            "CordonModel", "CordonOrders", "CordonWire", "CordonTrust", "CordonSettings", "CordonSignals",
            "ControllerFleet",
            "ControllerIntake", "ControllerCases", "ControllerPlaybooks", "ControllerAccess", "ControllerStore",
            "ControllerRules", "ControllerAPI", "ControllerWeb", .argumentParser, .asyncHTTPClient, .hummingbird,
            .hummingbirdTLS,
            .nioCertificateReloading, .nioCore, .nioHTTP1, .nioSSL, .protobuf, .logging, .serviceLifecycle,
            .unixSignals,
        ]
    ),
    tool(
        "cordon",
        in: "Controller/CommandLine",
        uses: [
            "CordonModel", "CordonOrders", "CordonScan", "CordonSigma", "CordonTrust", "ControllerPlaybooks",
            "ControllerRules",
            .argumentParser, .asyncHTTPClient, .nioCore, .nioHTTP1, .nioPosix, .nioSSL, .system,
        ]
    ),
]

// MARK: - Tests: one folder a module, then the real daemons together

let testing: [Target] = [
    module(
        "CordonTesting", in: "Tests/Support",
        uses: ["CordonModel", "CordonScan", "CordonOrders", "CordonTrust", "CLinux", .system, .crypto]),
    tests("ModelTests", in: "Tests/Model", uses: ["CordonModel"]),
    tests("ScanTests", in: "Tests/Scan", uses: ["CordonModel", "CordonScan"]),
    tests("MatchTests", in: "Tests/Match", uses: ["CordonModel", "CordonMatch"]),
    tests("SigmaTests", in: "Tests/Sigma", uses: ["CordonModel", "CordonScan", "CordonMatch", "CordonSigma"]),
    tests(
        "RulesTests",
        in: "Tests/Rules",
        uses: ["CordonModel", "CordonScan", "CordonMatch", "CordonSigma", "ControllerRules", "CordonTesting"]
    ),
    tests("SettingsTests", in: "Tests/Settings", uses: ["CordonModel", "CordonSettings", .system]),
    tests(
        "TrustTests",
        in: "Tests/Trust",
        uses: ["CordonModel", "CordonTrust", "CordonTesting", .x509, .crypto, .swiftASN1]
    ),
    tests("WireTests", in: "Tests/Wire", uses: ["CordonModel", "CordonWire", .protobuf]),
    tests(
        "OrdersTests", in: "Tests/Orders",
        uses: ["CordonModel", "CordonTrust", "CordonWire", "CordonOrders", "CordonTesting", .protobuf]),
    tests(
        "CollectTests",
        in: "Tests/Collect",
        uses: [
            "CordonModel", "CordonScan", "CordonWire", "AgentNetlink", "AgentCollect", "AgentDetect", "CordonMatch",
            "CordonSigma", "CordonTesting", "CLinux", .protobuf, .system,
        ]
    ),
    tests(
        "AgentTests", in: "Tests/Agent",
        uses: ["CordonModel", "CordonScan", "AgentCollect", "AgentSpool", "cordon-agent", "CordonTesting"]),
    tests("DetectTests", in: "Tests/Detect", uses: ["CordonModel", "CordonMatch", "CordonSigma", "AgentDetect"]),
    tests(
        "HuntTests", in: "Tests/Hunt",
        uses: ["CordonModel", "CordonWire", "AgentCollect", "AgentHunt", "CordonTesting", .logging]),
    tests(
        "SpoolTests", in: "Tests/Spool",
        uses: ["CordonModel", "CordonWire", "CordonFrames", "AgentSpool", "CordonTesting", .system]),
    tests(
        "EnforceTests",
        in: "Tests/Enforce",
        uses: [
            "CordonModel", "CordonOrders", "CordonScan", "CordonWire", "CordonTrust", "CordonSettings", "AgentNetlink",
            "AgentEnforce",
            "cordon-enforcer", "CordonTesting", "CLinux", .system, .crypto, .protobuf, .logging,
        ]
    ),
    tests(
        "LinkTests",
        in: "Tests/Link",
        uses: [
            "CordonModel", "CordonOrders", "CordonWire", "CordonLink", "CordonTrust", "AgentUplink", "AgentSpool",
            "ControllerFleet",
            "ControllerStore", "CordonTesting", .grpcCore, .grpcTransport, .nioHPACK, .nioSSL, .nioPosix, .nioCore,
            .x509,
            .crypto, .logging, .serviceLifecycle, .protobuf,
        ]
    ),
    tests(
        "StoreTests",
        in: "Tests/Store",
        uses: [
            "CordonModel", "CordonTrust", "ControllerStore", "ControllerCases", "ControllerIntake", "ControllerFleet",
            "ControllerPlaybooks", "ControllerRules", "ControllerAccess", "AgentDetect", "CordonTesting", .grdb,
            .logging,
        ]
    ),
    tests(
        "CasesTests",
        in: "Tests/Cases",
        uses: [
            "CordonModel", "CordonTrust", "ControllerCases", "ControllerIntake", "ControllerStore", "CordonTesting",
            .logging,
        ]
    ),
    tests(
        "PlaybooksTests",
        in: "Tests/Playbooks",
        uses: [
            "CordonModel", "CordonOrders", "CordonScan", "CordonTrust", "ControllerPlaybooks", "ControllerStore",
            "CordonTesting",
        ]
    ),
    tests(
        "AccessTests",
        in: "Tests/Access",
        uses: ["CordonModel", "CordonTrust", "ControllerAccess", "ControllerStore", "CordonTesting"]
    ),
    tests(
        "APITests",
        in: "Tests/API",
        uses: [
            "CordonModel", "CordonOrders", "CordonScan", "CordonTrust", "ControllerRules", "ControllerAPI",
            "ControllerWeb",
            "ControllerFleet",
            "ControllerIntake", "ControllerCases", "ControllerPlaybooks", "ControllerAccess", "ControllerStore",
            "CordonTesting", "cordon", "cordon-controller", .hummingbird, .hummingbirdTesting, .httpTypes,
            .hummingbirdTLS, .nioCore, .nioEmbedded, .nioHTTPTypes, .nioPosix, .nioSSL, .logging,
        ]
    ),
    tool(
        "cordon-bench-collect",
        in: "Tests/Benchmarks/Collect",
        uses: ["CordonModel", "CordonScan", "AgentCollect", "AgentSpool"]
    ),
    tool(
        "cordon-bench-fleet",
        in: "Tests/Benchmarks/Fleet",
        uses: [
            "CordonModel", "CordonOrders", "CordonWire", "CordonLink", "CordonTrust", "ControllerFleet",
            "ControllerStore", .grpcCore,
            .grpcTransport, .protobuf, .logging, .serviceLifecycle,
        ]
    ),
    tool(
        "cordon-bench-durability",
        in: "Tests/Benchmarks/Durability",
        uses: ["CordonTesting", .argumentParser]
    ),
    tool(
        "cordon-bench-footprint",
        in: "Tests/Benchmarks/Footprint",
        uses: ["CordonModel", "AgentCollect", "CordonScan", "CordonTesting", .argumentParser]
    ),
    tool(
        "cordon-bench-contain",
        in: "Tests/Benchmarks/Contain",
        uses: [
            "CordonModel", "CordonOrders", "CordonWire", "CordonTrust", "AgentEnforce", "CLinux", "CordonTesting",
            .argumentParser, .protobuf, .logging,
        ]
    ),
    tool(
        "cordon-bench-sigma",
        in: "Tests/Benchmarks/Sigma",
        uses: ["CordonModel", "CordonScan", "CordonSigma", "ControllerRules", "CordonTesting", .argumentParser]
    ),
    tool(
        "cordon-demo",
        in: "Tests/Demo",
        uses: [
            "CordonModel", "CordonOrders", "CordonScan", "CordonTrust", "CordonWire", "CordonTesting", "CLinux",
            .argumentParser,
            .protobuf, .system,
        ]
    ),
    tests("LinkageTests", in: "Tests/Linkage", uses: ["CordonTesting", .system]),
    tests(
        "EndToEndTests", in: "Tests/EndToEnd",
        uses: ["CordonModel", "CordonScan", "AgentCollect", "CordonTesting", "CLinux", .system]),
]

// MARK: - Fuzzing: the same entries as tests of their seeds, and as a program of libFuzzer's

let fuzzed: [Target.Dependency] = [
    "CordonModel", "CordonScan", "CordonMatch", "CordonSigma", "CordonFrames", "CordonSettings", "CordonTrust",
    "CordonWire", "CordonOrders", "AgentCollect", "AgentSpool", "AgentNetlink", "AgentEnforce", "ControllerRules",
    "ControllerIntake", "ControllerPlaybooks", "CordonTesting", .protobuf, .system,
]
let fuzzing: [Target] =
    isFuzzing
    ? [
        .executableTarget(
            name: "cordon-fuzz", dependencies: fuzzed + ["CLibFuzzer"], path: "Tests/Fuzz",
            exclude: ["SeedTests.swift", "Seeds", "CLibFuzzer", "words.dict"], swiftSettings: ours,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
        .systemLibrary(name: "CLibFuzzer", path: "Tests/Fuzz/CLibFuzzer"),
    ]
    : [
        .testTarget(
            name: "FuzzTests", dependencies: fuzzed, path: "Tests/Fuzz",
            exclude: ["Fuzzer.swift", "Seeds", "CLibFuzzer", "words.dict"], swiftSettings: ours)
    ]

// MARK: - The package

let package = Package(
    name: "Cordon",
    products: [
        .executable(name: "cordon-agent", targets: ["cordon-agent"]),
        .executable(name: "cordon-enforcer", targets: ["cordon-enforcer"]),
        .executable(name: "cordon-yara", targets: ["cordon-yara"]),
        .executable(name: "cordon-controller", targets: ["cordon-controller"]),
        .executable(name: "cordon", targets: ["cordon"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.40.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.0"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.0"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: common + agent + controller + testing + fuzzing
)
