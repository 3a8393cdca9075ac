// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// canaryctl (executable)
//    └─ CanaryCLI             terminal; the only module that wires the others together
//         ├─ CanaryManifests   text
//         ├─ CanaryStore       disk
//         ├─ CanaryProxy       network
//         ├─ CanaryRollout     time
//         └─ CanaryNode        processes
//    values and pure functions, each importing only those below it:
//    CanaryJudge               canaries: statistics and rollouts, from counts alone
//    CanaryReplicas            pods: how many, what runs in them, how they live and are replaced
//    CanaryInsight             people's questions
//    CanaryRules               what is wrong
//    CanaryRouting             each request
//    CanaryMesh                what the objects mean together
//    CanaryResources           values
//
//    CanarySystem              threads, clocks, files: for the terminal, text, disk and network, never for the values
//
// Arrows point down only; the boundary modules never import each other, and the proxy imports neither rules nor insight.
// `swift build --explicit-target-dependency-import-check error` holds it.

import PackageDescription

// Tests write and read memory of C's as they like.
let testSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
]

let settings = testSettings + [.strictMemorySafety()]

// What a request or a start does not pass through is compiled to be small: it is most of the program.
let smallSettings = settings + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

// Sanitizers are about pointers and threads: their builds leave out what lies above the data plane.
let isDataPlaneOnly = Context.environment["CANARYCTL_DATA_PLANE_ONLY"] != nil

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)

let package = Package(
    name: "canaryctl",
    products: [.executable(name: "canaryctl", targets: ["canaryctl"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .executableTarget(name: "canaryctl", dependencies: ["CanaryCLI"], swiftSettings: settings),
        .target(
            name: "CanaryCLI",
            dependencies: [
                "CanaryManifests", "CanaryStore", "CanaryProxy", "CanaryRollout", "CanaryNode", "CanaryJudge",
                "CanaryReplicas", "CanaryInsight", "CanaryRules", "CanaryRouting",
                "CanaryMesh", "CanaryResources", "CanarySystem", "CLinux", argumentParser,
            ],
            swiftSettings: smallSettings
        ),
        .target(
            name: "CanaryManifests",
            dependencies: ["CanaryRules", "CanaryResources", "CanarySystem", "CLibYAML"],
            swiftSettings: smallSettings
        ),
        .target(
            name: "CanaryStore",
            dependencies: ["CanaryResources", "CanarySystem", "CSQLite", "CLinux"],
            swiftSettings: settings
        ),
        .target(
            name: "CanaryProxy",
            dependencies: [
                "CanaryRouting", "CanaryMesh", "CanaryResources", "CanarySystem", "CLinux", "CNGHTTP2",
                "COpenSSL",
            ],
            swiftSettings: settings
        ),
        .target(
            name: "CanaryRollout",
            dependencies: ["CanaryJudge", "CanaryResources", "CanarySystem", "CCurl", "CLinux", "CNGHTTP2"],
            swiftSettings: smallSettings
        ),
        .target(
            name: "CanaryNode",
            dependencies: ["CanaryReplicas", "CanaryResources", "CanarySystem", "CLinux"],
            swiftSettings: smallSettings
        ),

        .target(name: "CanaryJudge", dependencies: ["CanaryResources"], swiftSettings: smallSettings),
        .target(name: "CanaryReplicas", dependencies: ["CanaryResources"], swiftSettings: smallSettings),
        .target(
            name: "CanaryInsight",
            dependencies: ["CanaryRules", "CanaryRouting", "CanaryMesh", "CanaryResources"],
            swiftSettings: smallSettings
        ),
        .target(
            name: "CanaryRules",
            dependencies: ["CanaryMesh", "CanaryResources"],
            swiftSettings: smallSettings
        ),
        .target(
            name: "CanaryRouting",
            dependencies: ["CanaryMesh", "CanaryResources", "CRE2"],
            swiftSettings: settings
        ),
        .target(name: "CanaryMesh", dependencies: ["CanaryResources", "CRE2"], swiftSettings: settings),
        .target(name: "CanaryResources", swiftSettings: settings),

        .target(name: "CanarySystem", dependencies: ["CLinux"], swiftSettings: settings),

        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),
        .target(name: "CLinux"),
        .target(name: "CCurl"),

        .target(name: "CWorkCounter", path: "Tests/CWorkCounter"),
        .target(
            name: "CanaryTestSupport",
            dependencies: ["CanaryRouting", "CanaryMesh", "CanaryResources", "CanarySystem"],
            path: "Tests/CanaryTestSupport",
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CanarySystemTests",
            dependencies: ["CanarySystem", "CLinux", "CanaryTestSupport"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CanaryResourcesTests",
            dependencies: ["CanaryResources", "CanaryTestSupport"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CanaryJudgeTests",
            dependencies: ["CanaryJudge", "CanaryResources", "CanaryTestSupport"],
            exclude: ["Reference"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CanaryReplicasTests",
            dependencies: ["CanaryReplicas", "CanaryResources", "CanaryTestSupport"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CanaryRolloutTests",
            dependencies: [
                "CanaryRollout", "CanaryJudge", "CanaryResources", "CanarySystem", "CLinux",
                "CanaryTestSupport",
            ],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CanaryNodeTests",
            dependencies: [
                "CanaryNode", "CanaryReplicas", "CanaryResources", "CanarySystem", "CLinux", "canaryctl",
                "CanaryTestSupport",
            ],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CanaryRoutingTests",
            dependencies: ["CanaryRouting", "CanaryMesh", "CanaryResources", "CanaryTestSupport"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CanaryRulesTests",
            dependencies: [
                "CanaryRules", "CanaryRouting", "CanaryMesh", "CanaryResources", "CanaryTestSupport",
            ],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CanaryInsightTests",
            dependencies: [
                "CanaryInsight", "CanaryRules", "CanaryRouting", "CanaryMesh", "CanaryResources",
                "CanaryTestSupport",
            ],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CanaryManifestsTests",
            dependencies: ["CanaryManifests", "CanaryRules", "CanaryResources", "CanaryTestSupport"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CanaryStoreTests",
            dependencies: [
                "CanaryStore", "CanaryRouting", "CanaryMesh", "CanaryResources", "CanarySystem",
                "CanaryTestSupport",
            ],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CanaryProxyTests",
            dependencies: [
                "CanaryProxy", "CanaryRouting", "CanaryMesh", "CanaryResources", "CanarySystem", "CLinux",
                "CNGHTTP2", "COpenSSL", "CanaryTestSupport",
            ] + (isDataPlaneOnly ? [] : ["CanaryInsight", "CanaryRules"]),
            exclude: isDataPlaneOnly ? ["Envoy"] : [],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CanaryCLITests",
            dependencies: [
                "CanaryCLI", "CanaryManifests", "CanaryStore", "CanaryProxy", "CanaryRollout", "CanaryJudge",
                "CanaryInsight", "CanaryRules",
                "CanaryRouting", "CanaryMesh", "CanaryResources", "CanarySystem",
                "canaryctl",
                "CLinux",
                "CWorkCounter",
                "CanaryTestSupport",
                argumentParser,
            ],
            exclude: ["Transcripts"],
            swiftSettings: testSettings
        ),
    ],
    cxxLanguageStandard: .cxx17
)

if isDataPlaneOnly {
    let above = ["CLI", "Insight", "Judge", "Manifests", "Node", "Replicas", "Rollout", "Rules", "Store"].map
    {
        "Canary\($0)"
    }
    let shims = ["CCurl", "CLibYAML", "CSQLite", "CWorkCounter"]
    let leftOut = above + above.map { "\($0)Tests" } + shims + ["canaryctl"]
    package.targets.removeAll { leftOut.contains($0.name) }
    package.products = []
    package.dependencies = []
}
