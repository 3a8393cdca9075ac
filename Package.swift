// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// canaryctl (executable)
//    └─ CanaryCLI            terminal; the only module that wires the others together
//         ├─ CanaryManifests  text
//         ├─ CanaryStore      disk
//         └─ CanaryProxy      network
//    CanaryModel              values and pure functions, below all of them
//
// Arrows point down only; the boundary modules never import each other.
// `swift build --explicit-target-dependency-import-check error` holds it.

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
]

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
                "CanaryManifests", "CanaryModel", "CanaryProxy", "CanaryStore", "CLinux", argumentParser,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "CanaryManifests",
            dependencies: ["CanaryModel", "CLibYAML"],
            swiftSettings: settings
        ),
        .target(
            name: "CanaryStore",
            dependencies: ["CanaryModel", "CSQLite", "CLinux"],
            swiftSettings: settings
        ),
        .target(
            name: "CanaryProxy",
            dependencies: ["CanaryModel", "CLinux"],
            swiftSettings: settings
        ),
        .target(name: "CanaryModel", dependencies: ["CRE2"], swiftSettings: settings),

        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),
        .target(name: "CLinux"),

        .target(name: "CWorkCounter", path: "Tests/CWorkCounter"),
        .target(name: "CanaryTestSupport", path: "Tests/CanaryTestSupport", swiftSettings: settings),
        .testTarget(
            name: "CanaryModelTests",
            dependencies: ["CanaryModel", "CanaryTestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CanaryManifestsTests",
            dependencies: ["CanaryManifests", "CanaryModel", "CanaryTestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CanaryStoreTests",
            dependencies: ["CanaryStore", "CanaryModel", "CanaryTestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CanaryProxyTests",
            dependencies: ["CanaryProxy", "CanaryModel", "CLinux", "CanaryTestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CanaryCLITests",
            dependencies: [
                "CanaryCLI", "CanaryManifests", "CanaryModel", "CanaryProxy", "CanaryStore", "canaryctl",
                "CLinux",
                "CWorkCounter",
                "CanaryTestSupport",
                argumentParser,
            ],
            exclude: ["Transcripts"],
            swiftSettings: settings
        ),
    ],
    cxxLanguageStandard: .cxx17
)
