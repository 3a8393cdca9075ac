// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// Benchmarks of canaryctl's modules. `Sources` links to the modules of the main package, so that the benchmarks are of
// the same package as they are and see what is `package` there.
//
//     swift run -c release --package-path Tests/Benchmarks manifest-benchmark [COUNT]

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

let package = Package(
    name: "canaryctl-benchmarks",
    targets: [
        .executableTarget(
            name: "manifest-benchmark",
            dependencies: ["CanaryManifests", "CanaryResources", "CLibYAML"],
            swiftSettings: settings
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
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(name: "CLinux"),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),
    ],
    cxxLanguageStandard: .cxx17
)
