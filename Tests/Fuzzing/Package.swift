// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// Fuzzers of whatever reads input from strangers. `Sources` links to the modules of the main package, so that they are
// compiled with libFuzzer's instrumentation and the fuzzers see what is `package` there. `run` builds and runs them.

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
]

// libFuzzer brings its own `main`.
let fuzzer = settings + [.unsafeFlags(["-parse-as-library"])]

let package = Package(
    name: "canaryctl-fuzzing",
    targets: [
        .executableTarget(
            name: "fuzz-yaml",
            dependencies: ["CanaryManifests", "CanaryRules", "CanaryResources"],
            swiftSettings: fuzzer
        ),
        .executableTarget(
            name: "fuzz-decoder",
            dependencies: ["CanaryManifests", "CanaryRules", "CanaryResources"],
            swiftSettings: fuzzer
        ),
        .executableTarget(name: "fuzz-http1", dependencies: ["HTTP1"], swiftSettings: fuzzer),
        .executableTarget(
            name: "fuzz-hello",
            dependencies: ["ClientHello", "CanaryMesh"],
            swiftSettings: fuzzer
        ),
        .executableTarget(
            name: "fuzz-proxy",
            dependencies: ["ProxyHeader", "CanaryMesh"],
            swiftSettings: fuzzer
        ),
        .executableTarget(
            name: "fuzz-frames",
            dependencies: ["CanaryProxy", "CanaryMesh", "CanaryRouting"],
            swiftSettings: fuzzer
        ),
        .target(
            name: "CanaryManifests",
            dependencies: ["CanaryRules", "CanaryResources", "CanarySystem", "CLibYAML"],
            swiftSettings: settings
        ),
        .target(
            name: "CanaryRules",
            dependencies: ["CanaryMesh", "CanaryResources"],
            swiftSettings: settings
        ),
        .target(name: "CanaryMesh", dependencies: ["CanaryResources", "CRE2"], swiftSettings: settings),
        .target(name: "CanaryResources", swiftSettings: settings),
        .target(name: "CanarySystem", dependencies: ["CLinux"], swiftSettings: settings),
        .target(
            name: "CanaryRouting",
            dependencies: ["CanaryMesh", "CanaryResources", "CRE2"],
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
        .target(name: "ClientHello", dependencies: ["CanaryMesh"], swiftSettings: settings),
        .target(name: "ProxyHeader", dependencies: ["CanaryMesh", "CLinux"], swiftSettings: settings),
        .target(name: "HTTP1", dependencies: ["CanaryMesh", "CanaryRouting"], swiftSettings: settings),
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
        .target(name: "CLinux"),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),
    ],
    cxxLanguageStandard: .cxx17
)
