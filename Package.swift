// swift-tools-version: 6.2
// Targets stand in dependency order: a target may depend only on targets above it.
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    // docs/decisions/0021: what overlaps is found by the compiler, and by debug builds and tests while they run.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// docs/decisions/0026: what the gateway was counted to do most, release builds make fast and put together. Left out while
/// it is counted.
let learned: [SwiftSetting] =
    Context.environment["INFINITE_LEARNING"] != nil
    ? []
    : [
        .unsafeFlags(
            [
                "-Xfrontend", "-ir-profile-use=\(Context.packageDirectory)/Tools/gateway.profdata",
                // Functions are known by their file's name, wherever it stands; those that changed since go without.
                "-Xllvm", "-static-func-full-module-prefix=false", "-Xllvm", "-no-pgo-warn-mismatch",
            ], .when(configuration: .release))
    ]

// MARK: What each layer is made of

/// One C library from Debian: `Shared/CLibraries/<name>/module.modulemap` and `shim.h`.
func cLibrary(_ name: String, pkgConfig: String? = nil) -> Target {
    .systemLibrary(name: name, path: "Shared/CLibraries/\(name)", pkgConfig: pkgConfig)
}

func shared(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Shared/\(name)", exclude: exclude)
}

/// Every service links the same kit; what stands in `dependencies` is what it needs beyond that.
let serviceKit: [Target.Dependency] = [
    "Core", "Contracts", "Reactor", "HTTP", "Messaging", "Database", "Outbox", "Telemetry", "ServiceKit",
]

func service(
    _ folder: String, executable: String, _ dependencies: [Target.Dependency] = [], linking: [LinkerSetting] = []
) -> Target {
    .executableTarget(
        name: executable, dependencies: serviceKit + dependencies, path: "Services/\(folder)/Sources",
        linkerSettings: linking)
}

func tool(
    _ name: String, folder: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: "Tools/\(folder)", exclude: exclude)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], excluding: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: excluding)
}

/// Coverage-guided fuzzers need the compiler's own instrumentation and libFuzzer's `main`: they exist only when asked for.
let fuzzing = Context.environment["INFINITE_FUZZ"] != nil

// MARK: The package

let package = Package(
    name: "Infinite",
    products: [
        .executable(name: "gateway", targets: ["gateway"]),
        .executable(name: "auth", targets: ["auth"]),
        .executable(name: "detector", targets: ["detector"]),
        .executable(name: "labyrinth", targets: ["labyrinth"]),
        .executable(name: "agent-coordinator", targets: ["agent-coordinator"]),
        .executable(name: "metrics", targets: ["metrics"]),
        .executable(name: "audit", targets: ["audit"]),
    ],
    targets: [
        cLibrary("CLinux"),
        cLibrary("CSpawn"),
        cLibrary("COpenSSL", pkgConfig: "openssl"),
        cLibrary("CNGHTTP2", pkgConfig: "libnghttp2"),
        cLibrary("CRabbitMQ", pkgConfig: "librabbitmq"),
        cLibrary("CPostgreSQL", pkgConfig: "libpq"),
        cLibrary("CProtobufC", pkgConfig: "libprotobuf-c"),
        cLibrary("CYAML", pkgConfig: "yaml-0.1"),
        cLibrary("CPCRE2", pkgConfig: "libpcre2-8"),
        cLibrary("CArgon2", pkgConfig: "libargon2"),
        cLibrary("CZlib", pkgConfig: "zlib"),
        cLibrary("CBrotli", pkgConfig: "libbrotlienc"),
        cLibrary("CModSecurity", pkgConfig: "modsecurity"),

        .target(name: "CCrashReport", path: "Shared/CLibraries/CCrashReport"),

        shared("Core"),
        shared("JSON", ["Core"]),
        shared("Contracts", ["Core", "JSON"]),
        shared("Reactor", ["Core", "CLinux"]),
        shared("TLS", ["Core", "Reactor", "COpenSSL"]),
        shared("Cryptography", ["Core", "COpenSSL", "CArgon2"]),
        shared("Telemetry", ["Core"]),
        shared("AddressSets", ["Core"]),
        shared("Compression", ["CZlib", "CBrotli"]),
        shared("HTTP", ["Core", "Reactor", "TLS", "CNGHTTP2"]),
        shared("WebSocket", ["Core", "Reactor", "HTTP", "Cryptography", "Compression"]),
        shared(
            "Messaging",
            ["Core", "JSON", "Contracts", "Reactor", "TLS", "Cryptography", "Telemetry", "CRabbitMQ"]),
        shared("Database", ["Core", "Reactor", "CPostgreSQL"]),
        shared("Outbox", ["Core", "Contracts", "Reactor", "Messaging", "Database"]),
        shared("PatternMatching", ["CPCRE2"]),
        shared(
            "Inspection", ["Core", "PatternMatching", "Compression"], exclude: ["Assets", "SecLang/README.md"]),
        shared(
            "ServiceKit",
            [
                "Core", "JSON", "Reactor", "TLS", "HTTP", "Messaging", "Database", "Outbox", "Telemetry", "CYAML",
                "CCrashReport", "CSpawn",
            ]),

        shared(
            "RuleKeeping",
            ["Core", "Contracts", "Reactor", "Cryptography", "Telemetry", "Inspection", "ServiceKit"]),

        service(
            "Gateway", executable: "gateway",
            [
                "AddressSets", "Inspection", "RuleKeeping", "JSON", "TLS", "Cryptography", "WebSocket", "Compression",
            ],
            // docs/decisions/0024: its malloc takes the place of libc's. Debug builds and their sanitizers keep libc's.
            linking: [.linkedLibrary("mimalloc", .when(configuration: .release))]),
        service("Auth", executable: "auth", ["Cryptography", "JSON"]),
        service("Detector", executable: "detector", ["Cryptography", "Inspection", "JSON", "RuleKeeping"]),
        service("Labyrinth", executable: "labyrinth", ["Cryptography"]),
        service("AgentCoordinator", executable: "agent-coordinator"),
        service("Metrics", executable: "metrics"),
        service("Audit", executable: "audit", ["Cryptography", "JSON"]),

        .target(name: "LocalServers", dependencies: ["Core", "CSpawn"], path: "Tools/LocalServers"),
        tool("local-stack", folder: "LocalStack", ["Core", "LocalServers", "Messaging", "Database", "Reactor"]),
        tool("sample-app", folder: "SampleApp", ["Core", "Reactor", "HTTP"]),
        .target(
            name: "CContractSchema", dependencies: ["CProtobufC"], path: "Tools/CContractSchema",
            exclude: ["contract_schema.proto", "regenerate"]),
        tool(
            "contract-generator", folder: "ContractGenerator", ["JSON", "CContractSchema", "CProtobufC"],
            exclude: ["README.md"]),
        .target(name: "Measuring", dependencies: ["Core", "JSON", "Inspection"], path: "Tools/Measuring"),
        tool(
            "benchmarks", folder: "Benchmarks",
            [
                "Core", "AddressSets", "Contracts", "Reactor", "TLS", "HTTP", "Inspection", "Messaging", "Database",
                "Telemetry", "LocalServers", "Measuring",
            ]),
        // Apart from the others, so that only who runs it needs libmodsecurity.
        tool(
            "detection-benchmark", folder: "DetectionBenchmark", ["Core", "Inspection", "CModSecurity", "Measuring"]),

        // What one judgement costs, for callgrind to count.
        tool("inspection-cost", folder: "InspectionCost", ["Inspection", "Measuring"]),

        tool(
            "scorecard", folder: "Scorecard", ["Core", "Inspection", "JSON", "Measuring"], exclude: ["peer-levels.txt"]),

        .target(name: "ThreadSanitizer", path: "Tests/ThreadSanitizer"),
        .target(name: "DescriptorGuard", path: "Tests/DescriptorGuard"),
        .target(
            name: "TestSupport", dependencies: ["Core", "LocalServers", "ThreadSanitizer", "DescriptorGuard"],
            path: "Tests/TestSupport"),
        .target(
            name: "BusTestSupport",
            dependencies: ["Core", "Reactor", "Telemetry", "Messaging", "TestSupport", "LocalServers"],
            path: "Tests/BusTestSupport"),
        tests("CoreTests", ["Core"]),
        tests("JSONTests", ["JSON", "TestSupport"]),
        tests(
            "ContractsTests", ["Contracts", "Core", "JSON", "TestSupport", "contract-generator"],
            excluding: ["peer.py", "proto"]),
        tests("AddressSetsTests", ["AddressSets", "Core", "TestSupport"]),
        tests("ReactorTests", ["Reactor", "Core", "TestSupport"]),
        tests("TLSTests", ["TLS", "Reactor", "Core", "TestSupport", "LocalServers"]),
        tests("CryptographyTests", ["Cryptography", "Core"]),
        tests("TelemetryTests", ["Telemetry", "Core"]),
        tests("HTTPTests", ["HTTP", "TLS", "Reactor", "Core", "TestSupport"], excluding: ["http2_peer.py"]),
        tests(
            "MessagingTests",
            [
                "Messaging", "Contracts", "JSON", "Reactor", "TLS", "Core", "Telemetry", "TestSupport",
                "BusTestSupport", "LocalServers",
            ]),
        tests("DatabaseTests", ["Database", "Reactor", "Core", "TestSupport", "LocalServers"]),
        .executableTarget(
            name: "consumer-probe",
            dependencies: ["Core", "Contracts", "Reactor", "Messaging", "Database", "Outbox", "Telemetry"],
            path: "Tests/ConsumerProbe"),
        tests(
            "OutboxTests",
            [
                "Outbox", "Messaging", "Database", "Contracts", "Reactor", "Core", "Telemetry", "TestSupport",
                "BusTestSupport", "LocalServers", "consumer-probe",
            ]),
        tests("CompressionTests", ["Compression", "TestSupport"]),
        tests("WebSocketTests", ["WebSocket", "HTTP", "Reactor", "Core", "TestSupport"], excluding: ["peer.py"]),
        tests("PatternMatchingTests", ["PatternMatching", "TestSupport"]),
        tests(
            "InspectionTests",
            ["Inspection", "PatternMatching", "Compression", "Measuring", "scorecard", "Core", "TestSupport"]),
        tests("SecLangTests", ["Inspection", "PatternMatching", "Core", "TestSupport"], excluding: ["corpus.py"]),
        .executableTarget(
            name: "kit-probe", dependencies: ["Core", "HTTP", "Reactor", "ServiceKit", "Telemetry"],
            path: "Tests/KitProbe"),
        tests(
            "ServiceKitTests",
            [
                "ServiceKit", "kit-probe", "Reactor", "Telemetry", "Core", "TestSupport", "BusTestSupport",
                "Messaging", "Contracts",
            ]),
        tests(
            "RuleKeepingTests",
            ["RuleKeeping", "Inspection", "ServiceKit", "Telemetry", "Reactor", "Core", "TestSupport"]),
        tests(
            "GatewayTests",
            ["gateway"] + serviceKit + [
                "AddressSets", "Compression", "Inspection", "RuleKeeping", "JSON", "Cryptography", "TLS", "WebSocket",
                "TestSupport", "BusTestSupport", "LocalServers",
            ]),
        tests("AuthTests", ["auth"] + serviceKit + ["Cryptography", "JSON", "TestSupport"]),
        tests(
            "DetectorTests",
            ["detector"] + serviceKit + ["Inspection", "JSON", "TestSupport", "BusTestSupport"]),
        tests("LabyrinthTests", ["labyrinth"] + serviceKit + ["TestSupport"]),
        tests(
            "AgentCoordinatorTests",
            ["agent-coordinator"] + serviceKit + ["LocalServers", "TestSupport", "BusTestSupport"]),
        tests("MetricsTests", ["metrics"] + serviceKit + ["TestSupport"]),
        tests(
            "AuditTests",
            ["audit"] + serviceKit + ["Cryptography", "TestSupport", "BusTestSupport", "LocalServers"]),
        tests("LocalServersTests", ["LocalServers", "local-stack", "Core", "TestSupport"]),
        // The executables are dependencies so that they are built before they are started.
        tests(
            "IntegrationTests",
            [
                "local-stack", "sample-app", "gateway", "auth", "detector", "labyrinth", "agent-coordinator", "metrics",
                "audit", "Core", "Contracts", "Messaging", "TestSupport", "LocalServers",
            ]),
        tests("TidyTests", []),
    ],
    swiftLanguageModes: [.v6]
)

if fuzzing {
    // What an executable holds cannot be imported; without its main the gateway is a library whose readers can be fuzzed.
    package.products.removeAll { $0.name == "gateway" }
    package.targets = package.targets.map { target in
        guard target.name == "gateway" else { return target }
        return .target(
            name: target.name, dependencies: target.dependencies, path: target.path, exclude: ["main.swift"])
    }
    package.targets.append(
        .executableTarget(
            name: "fuzzers",
            dependencies: [
                "Core", "AddressSets", "JSON", "Contracts", "HTTP", "WebSocket", "Inspection", "Messaging",
                "Cryptography",
                "gateway",
            ],
            path: "Tools/Fuzzers",
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
    for target in package.targets where target.type != .system {
        target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"])]
    }
}

for target in package.targets where target.type != .system {
    let isWorked = target.name == "gateway" || target.path?.hasPrefix("Shared/") == true
    target.swiftSettings = (target.swiftSettings ?? []) + settings + (isWorked && !fuzzing ? learned : [])
}

// `INFINITE_ONLY=ReactorTests,HTTPTests swift build …` builds these targets and what they need, nothing else.
if let only = Context.environment["INFINITE_ONLY"] {
    let targets = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, $0) })
    var wanted: Set<String> = []
    var pending = only.split(separator: ",").map(String.init)
    while let name = pending.popLast() {
        guard wanted.insert(name).inserted, let target = targets[name] else { continue }
        for case .byNameItem(let dependency, _) in target.dependencies { pending.append(dependency) }
    }
    package.targets.removeAll { !wanted.contains($0.name) }
    package.products.removeAll { !wanted.contains($0.name) }
}
